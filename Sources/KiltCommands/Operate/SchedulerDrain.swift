internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import SchedulerClient
internal import SystemSupport

/// `kilt scheduler drain`.
struct SchedulerDrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drain", abstract: "Empty the machine: end its tasks and start no more.",
    discussion: """
      Ends tasks as the SLA policies of their jobs allow, and at once without a policy. Jobs stay; their instances \
      wait until you end the drain with --end. Without --wait, the command returns when the drain has begun.

      EXAMPLES
        kilt scheduler drain --wait --patience 600   at most 10 min for SLAs
        kilt scheduler drain --status                list the remaining tasks
        kilt scheduler drain --end                   accept tasks again

      EXIT CODES
        0  the drain has begun, was shown, or has ended
        1  tasks still run after --timeout
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var options: SchedulerOptions
  @OptionGroup var output: FormatOption

  @Option(
    help: ArgumentHelp("Time until SLA policies no longer delay the end of tasks, in seconds.", valueName: "seconds"))
  var patience: Int?

  @Option(help: .reason)
  var reason: String?

  @Flag(help: "Wait until no task remains.")
  var wait = false

  @Option(help: .timeout)
  var timeout = 900

  @Flag(help: "List the remaining tasks, and change nothing.")
  var status = false

  @Flag(help: "End the drain: the machine accepts tasks again.")
  var end = false

  func validate() throws {
    if end && (status || wait || patience != nil) {
      throw ValidationError("--end cannot be combined with other options")
    }
    if timeout < 1 { throw ValidationError("--timeout must be at least 1") }
    if let patience, patience < 0 { throw ValidationError("--patience is negative") }
  }

  func run() throws {
    var client = try options.client(global)
    client.reason = reason
    if end {
      let answer = try client.endDrain()
      if output.format == .json { return writeText(answer.text(.pretty) + "\n", to: 1) }
      return Terminal.standardOutput.print("the machine accepts tasks again")
    }
    var answer = try status ? client.drain() : client.startDrain(patience: patience)
    if wait, !status { answer = try waitUntilEmpty(client, answer) }
    switch output.format {
    case .json: writeText(answer.text(.pretty) + "\n", to: 1)
    case .text: for line in Self.lines(answer) { Terminal.standardOutput.print(PlainText.line(line)) }
    }
  }

  private func waitUntilEmpty(_ client: SchedulerClient, _ begun: JSONValue) throws -> JSONValue {
    let line = ProgressLine(.standardError, isQuiet: global.quiet)
    defer { line.finish() }
    let deadline = monotonicNanoseconds() + UInt64(timeout) * 1_000_000_000
    var answer = begun
    while let tasks = answer["tasks"]?.array, !tasks.isEmpty {
      line.show("\(tasks.count) tasks run, \(tasks.count { $0["waits_for"] != nil }) held by SLA policies")
      guard monotonicNanoseconds() < deadline else {
        throw Diagnostic(
          .work, "\(tasks.count) tasks still run after \(timeout) s, and the drain continues",
          notes: Self.lines(answer).dropFirst().prefix(20).map(PlainText.line),
          remedies: [
            "run `kilt scheduler drain --patience 0` to end them without regard to SLA policies",
            "run `kilt scheduler drain --end` to make the machine accept tasks again",
          ])
      }
      pauseMilliseconds(300)
      do {
        answer = try client.drain()
      } catch let error as Diagnostic where error.blame == .environment {
        // The scheduler can be restarting just now: the drain continues.
        if monotonicNanoseconds() >= deadline { throw error }
        line.show("\(error.summary): trying again")
      }
    }
    return answer
  }

  private static func lines(_ answer: JSONValue) -> [String] {
    let tasks = answer["tasks"]?.array ?? []
    let state = answer["draining"]?.bool == true ? "the machine is drained" : "the machine accepts tasks"
    return ["\(state), \(tasks.count) tasks run"]
      + tasks.map { task in
        let reason = task["waits_for"] == nil ? "" : ", held by the job's SLA policy"
        return "  \(task["instance"]?.string ?? "") \(task["status"]?.string ?? "")\(reason)"
      }
  }
}

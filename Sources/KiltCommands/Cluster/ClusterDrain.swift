internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import SchedulerClient
internal import SystemSupport

/// `kilt cluster drain`.
struct ClusterDrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drain", abstract: "Move the tasks of a node to other nodes.",
    discussion: """
      Moves at most as many instances of a job at a time as the first batch of its update has, and fewer where its SLA \
      policy says so. The node gets no tasks until you end the drain with --end. Without --wait, the command returns \
      when the drain has begun.

      EXAMPLES
        kilt cluster drain node2 --wait
        kilt cluster drain node2 --end          give it tasks again

      EXIT CODES
        0  the drain has begun or has ended
        1  tasks still run after --timeout
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var options: SchedulerOptions
  @OptionGroup var output: FormatOption

  @Argument(help: ArgumentHelp("Hostname or ID of the node.", valueName: "node"))
  var node: String

  @Option(help: .reason)
  var reason: String?

  @Flag(help: "Wait until no task remains on the node.")
  var wait = false

  @Option(help: .timeout)
  var timeout = 900

  @Flag(help: "End the drain: the node accepts tasks again.")
  var end = false

  func validate() throws {
    if end && wait { throw ValidationError("--end cannot be combined with --wait") }
    if timeout < 1 { throw ValidationError("--timeout must be at least 1") }
  }

  func run() throws {
    var client = try options.client(global)
    client.reason = reason
    var answer = try end ? client.endDrain(node: node) : client.startDrain(node: node)
    if wait { answer = try waitUntilEmpty(client, answer) }
    switch output.format {
    case .json: writeText(answer.text(.pretty) + "\n", to: 1)
    case .text: for line in ClusterStatus.lines(answer) { Terminal.standardOutput.print(PlainText.line(line)) }
    }
  }

  private func waitUntilEmpty(_ client: SchedulerClient, _ begun: JSONValue) throws -> JSONValue {
    let line = ProgressLine(.standardError, isQuiet: global.quiet)
    defer { line.finish() }
    let deadline = monotonicNanoseconds() + UInt64(timeout) * 1_000_000_000
    var answer = begun
    while true {
      let found = answer["nodes"]?.array?.first { $0["id"]?.string == node || $0["hostname"]?.string == node }
      let tasks = found?["tasks"]?.int ?? 0
      if tasks == 0 { return answer }
      line.show("\(tasks) tasks run on \(node)")
      guard monotonicNanoseconds() < deadline else {
        throw Diagnostic(
          .work, "\(tasks) tasks still run on \"\(node)\" after \(timeout) s, and the drain continues",
          remedies: [
            "run `kilt job list` to see which instances wait for a place",
            "run `kilt cluster drain \(node) --end` to give the node tasks again",
          ])
      }
      pauseMilliseconds(300)
      do {
        answer = try client.nodes()
      } catch let error as Diagnostic where error.blame == .environment {
        // The scheduler may be started again just now: the drain goes on where it was.
        if monotonicNanoseconds() >= deadline { throw error }
        line.show("\(error.summary): trying again")
      }
    }
  }
}

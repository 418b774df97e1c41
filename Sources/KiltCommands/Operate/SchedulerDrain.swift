internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import SchedulerClient
internal import SystemSupport

/// `kilt scheduler drain`.
struct SchedulerDrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drain", abstract: "Empty the machine: end its tasks and start none.",
    discussion: """
      Tasks end as the SLA policies of their jobs allow, and at once without one. Jobs stay, and their instances wait \
      until you end the drain with --end. Without --wait, the command returns when the drain has begun.

      EXAMPLES
        kilt scheduler drain --wait --patience 600   at most 10 min for SLAs
        kilt scheduler drain --status                what still runs
        kilt scheduler drain --end                   take tasks again
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var options: SchedulerOptions

  @Option(help: ArgumentHelp("Seconds after which SLA policies hold no task back.", valueName: "seconds"))
  var patience: Int?

  @Option(help: ArgumentHelp("Why; kept in the history.", valueName: "text"))
  var reason: String?

  @Flag(help: "Wait until no task is left.")
  var wait = false

  @Flag(help: "Show what still runs, and change nothing.")
  var status = false

  @Flag(help: "Let the machine take tasks again.")
  var end = false

  func validate() throws {
    if end && (status || wait || patience != nil) { throw ValidationError("--end stands alone") }
    if let patience, patience < 0 { throw ValidationError("--patience is negative") }
  }

  func run() throws {
    var client = try options.client(global)
    client.reason = reason
    if end {
      _ = try client.endDrain()
      return Terminal.standardOutput.print(PlainText.line("the machine takes tasks again"))
    }
    var answer = try status ? client.drain() : client.startDrain(patience: patience)
    while wait, !status, answer["tasks"]?.array?.isEmpty == false {
      pauseMilliseconds(500)
      answer = try client.drain()
    }
    print(answer)
  }

  private func print(_ answer: JSONValue) {
    let tasks = answer["tasks"]?.array ?? []
    let state = answer["draining"]?.bool == true ? "the machine is drained" : "the machine takes tasks"
    Terminal.standardOutput.print(PlainText.line("\(state), \(tasks.count) tasks run"))
    for task in tasks {
      let reason = task["waits_for"] == nil ? "" : ", held by the job's SLA policy"
      Terminal.standardOutput.print(
        PlainText.line("  \(task["instance"]?.string ?? "") \(task["status"]?.string ?? "")\(reason)"))
    }
  }
}

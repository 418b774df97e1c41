internal import Diagnostics
internal import JSON
internal import JobModel
internal import SchedulerClient
internal import SystemSupport

/// Carries a change of a job out: plan, confirmation, request, progress, result. Shared by the verbs that change jobs.
struct JobDeployment {
  let session: JobSession
  let change: ChangeOptions
  let format: OutputFormat

  /// Shows the plan and asks; false for a plan that changes nothing, or for a preview.
  func confirm(_ report: PlanReport) throws -> Bool {
    if change.dryRun || report.plan.outcome == .unchanged {
      switch format {
      case .json: writeText(report.json.text(.pretty) + "\n", to: 1)
      case .text: Terminal.standardOutput.print(report.lines.joined(separator: "\n"))
      }
      return false
    }
    for line in report.lines { session.global.note(line) }
    try change.confirm("Carry this out?")
    return true
  }

  /// The result of a change, for programs and in a line.
  struct Result {
    var json: JSONValue
    var text: String
  }

  /// Waits for the end of a started change, and prints the result.
  func finish(_ receipt: ChangeReceipt, configuration: JobConfiguration?, verb: String, wantsRollback: Bool = false)
    throws
  {
    let result = try result(of: receipt, configuration: configuration, verb: verb, wantsRollback: wantsRollback)
    switch format {
    case .json: writeText(result.json.text(.pretty) + "\n", to: 1)
    case .text: Terminal.standardOutput.print(result.text)
    }
  }

  /// Waits for the end of a started change.
  func result(
    of receipt: ChangeReceipt, configuration: JobConfiguration?, verb: String, wantsRollback: Bool = false
  ) throws -> Result {
    let key = receipt.key
    let started = monotonicNanoseconds()
    if change.wait { announceInterruption(of: key) }
    var result = receipt.json
    var detail = ""
    if let update = receipt.update {
      if change.wait {
        let end = try UpdateMonitor(session, update, of: key).wait(
          seconds: change.timeout, wantsRollback: wantsRollback)
        result = end.json
        let seconds = (monotonicNanoseconds() - started) / 1_000_000_000
        detail = ": \(end.steps.count) instances in \(seconds) s"
      } else {
        detail = ": the update continues, run `kilt update status \(key)` to follow it"
      }
    } else if receipt.outcome == .create, let configuration, configuration.cron == nil {
      if change.wait {
        try InstanceMonitor(session, key).waitUntilRunning(
          instances: configuration.instances, seconds: change.timeout)
      }
      detail = ": \(configuration.instances) instances" + (change.wait ? " running" : "")
    }
    let release = receipt.release.map { " to release \($0)" } ?? ""
    let text =
      switch receipt.outcome {
      case .create: "created \(key)\(detail)"
      case .unchanged: "\(key) is unchanged"
      case .replace: "\(key) uses release \(receipt.release ?? 0) from its next run"
      case .update: "\(verb) \(key)\(verb == "updated" || wantsRollback ? release : "")\(detail)"
      }
    return Result(json: result, text: text)
  }

  /// On Ctrl-C, reports that the change continues without this command.
  private func announceInterruption(of key: JobKey) {
    TerminationSignals.handle {
      writeText(
        "\nthe change continues: run `kilt update status \(key)` to follow it, `kilt job abort \(key)` to end an update\n",
        to: 2)
    }
  }
}

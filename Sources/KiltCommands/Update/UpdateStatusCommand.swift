internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import JobModel
internal import SchedulerClient
internal import SystemSupport

/// `kilt update status`.
struct UpdateStatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show the update of a job in progress, or its last update.",
    discussion: """
      EXAMPLES
        kilt update status devcluster/www-data/prod/fiddler
        kilt update status jobs/fiddler.yaml --stage prod --wait
        kilt update status jobs/fiddler.yaml --stage prod --format json

      EXIT CODES
        0  the update is in progress or done
        1  the update failed, was aborted or was rolled back
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var output: FormatOption

  @Flag(help: .wait)
  var wait = false

  @Option(help: .timeout)
  var timeout = 900

  func run() throws {
    let session = try JobSession(global, job)
    let key = try session.key(job)
    guard var update = try session.client.latestUpdate(of: key) else {
      throw Diagnostic(
        .input, "job \(key) has had no update", remedies: ["run `kilt job status \(key)` to see its instances"])
    }
    if wait, !update.summary.status.isTerminal {
      update = try UpdateMonitor(session, update.summary.id, of: key).wait(seconds: timeout)
    }
    switch output.format {
    case .json: writeText(update.json.text(.pretty) + "\n", to: 1)
    case .text: for line in Self.lines(update) { Terminal.standardOutput.print(line) }
    }
    let status = update.summary.status
    if status.isTerminal, status != .rolledForward { throw ExitCode(1) }
  }

  static func lines(_ update: UpdateDetail) -> [String] {
    let summary = update.summary
    var lines = [
      "\(summary.key)  \(summary.status.rawValue)" + (summary.message.map { "  \($0)" } ?? ""),
      "  update   \(summary.id)" + (update.isRestart ? " (restart)" : ""),
      "  release  \(update.formerRelease) to \(update.release)" + (summary.user.map { " by \($0)" } ?? ""),
      "  started  \(summary.startedAt)" + (summary.status.isTerminal ? ", ended \(update.since)" : ""),
    ]
    for step in update.steps {
      var parts = ["  instance \(step.instance)", step.action?.rawValue ?? step.phase.rawValue]
      if let task = step.task { parts.append(task.status.rawValue) }
      if let health = step.health { parts.append(health.healthy ? "healthy" : "unhealthy: \(health.message ?? "")") }
      if step.failures > 0 { parts.append("failed \(step.failures) times") }
      lines.append(parts.joined(separator: "  "))
    }
    for failure in update.failures { lines += failure.lines.map { "  \(PlainText.line($0))" } }
    return lines
  }
}

internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import SchedulerClient

/// `kilt audit`.
struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "Show who requested each change of a scheduler.",
    discussion: """
      Prints one line per change: time, user, origin, action, job, status of the answer, artifacts with their commits, \
      job file with its commit, reason. Includes refused changes of known callers.

      EXAMPLES
        kilt audit --job devcluster/www-data/prod/fiddler
        kilt audit --user token:ci --since 2026-01-31T12:00:00Z
        kilt audit --format json
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var options: SchedulerOptions
  @OptionGroup var output: FormatOption

  @Option(help: ArgumentHelp("Job, or the beginning of a job key: CLUSTER/ROLE.", valueName: "key"))
  var job: String?

  @Option(help: ArgumentHelp("User, or token:NAME.", valueName: "name"))
  var user: String?

  @Option(
    help: ArgumentHelp(
      "Show only changes since this time in UTC: 2026-01-31 or 2026-01-31T12:00:00Z.", valueName: "time"))
  var since: String?

  @Option(help: ArgumentHelp("Maximum number of records, from the newest.", valueName: "number"))
  var limit = 1000

  func run() throws {
    if let since, !Self.isTime(since) {
      throw Diagnostic(.input, "invalid time \"\(since)\"", remedies: ["write 2026-01-31 or 2026-01-31T12:00:00Z"])
    }
    guard (1...100_000).contains(limit) else {
      throw Diagnostic(.input, "invalid --limit \(limit)", remedies: ["name a number from 1 to 100000"])
    }
    let entries = try options.client(global).audit(job: job, user: user, since: since, limit: limit)
    switch output.format {
    case .json: Terminal.standardOutput.print(JSONValue.array(entries).text(.pretty))
    case .text: for entry in entries { Terminal.standardOutput.print(Self.line(entry)) }
    }
  }

  private static func line(_ entry: JSONValue) -> String {
    var parts = ["time", "user", "address", "action", "job"].compactMap { entry[$0]?.string }
    let status = entry["status"]?.int ?? 0
    let codes = entry["codes"]?.strings ?? []
    parts.append(
      (200..<300).contains(status) ? "accepted" : "refused (\((["\(status)"] + codes).joined(separator: " ")))")
    parts += entry["artifacts"]?.strings ?? []
    if let file = entry["file"]?.string {
      parts.append(file + (entry["commit"]?.string.map { "@\($0.prefix(12))" } ?? ""))
    }
    if let reason = entry["reason"]?.string { parts.append(reason) }
    return parts.map(PlainText.line).joined(separator: "  ")
  }

  /// Whether a text is a date, or a date and a time, of ISO 8601.
  static func isTime(_ text: String) -> Bool {
    let pattern = Array("0000-00-00T00:00:00.000Z")
    let shape = text.map { $0.isASCII && $0.isNumber ? "0" : $0 }
    return shape == Array(pattern.prefix(10)) || shape == Array("0000-00-00T00:00:00Z")
      || shape == Array("0000-00-00T00:00Z") || shape == pattern
  }
}

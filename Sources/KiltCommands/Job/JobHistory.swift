internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import JobModel
internal import SchedulerClient
internal import SystemSupport

/// `kilt job history`.
struct JobHistory: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "List the releases of a job: code, template, who, when, why.",
    discussion: """
      Lists the newest release first; * marks the current release. With --differences, lines with - and + show the \
      changes from the release before.

      EXAMPLES
        kilt job history devcluster/www-data/prod/fiddler
        kilt job history jobs/fiddler.yaml --stage prod --differences
        kilt job history jobs/fiddler.yaml --stage prod --format json
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var output: FormatOption

  @Flag(help: "Show the configuration changes of each release.")
  var differences = false

  func run() throws {
    let session = try JobSession(global, job)
    let key = try session.job(job).summary.key
    let releases = try session.client.releases(of: key)
    if output.format == .json {
      return writeText(JSONValue.array(releases.map(\.json)).text(.pretty) + "\n", to: 1)
    }
    let configurations =
      differences
      ? try Dictionary(
        uniqueKeysWithValues: releases.map {
          ($0.number, try session.client.configuration(of: key, release: $0.number))
        })
      : [:]
    for (index, release) in releases.enumerated() {
      Terminal.standardOutput.print(Self.line(release))
      guard index + 1 < releases.count, let new = configurations[release.number],
        let old = configurations[releases[index + 1].number]
      else { continue }
      for line in ConfigurationDifference(from: old, to: new).lines { Terminal.standardOutput.print("      \(line)") }
    }
  }

  private static func line(_ release: Release) -> String {
    let artifacts = release.artifacts.map { "\($0.name)@\($0.version.prefix(12))" }.joined(separator: " ")
    var parts = [
      (release.isCurrent ? "* " : "  ") + "\(release.number)", "\(release.submittedAt)",
      release.user ?? "-", artifacts.isEmpty ? "no artifact" : artifacts,
    ]
    if let source = release.source {
      let digest = source.templateDigest.map { " (\($0.prefix(12)))" } ?? ""
      parts.append(source.path + (source.template.map { " \($0)\(digest)" } ?? ""))
    }
    parts.append("\(release.running) of \(release.instances) instances")
    if let cause = release.cause { parts.append(cause) }
    if let result = release.result { parts.append(result.rawValue) }
    if let reason = release.reason { parts.append(PlainText.line(reason)) }
    return parts.joined(separator: "  ")
  }
}

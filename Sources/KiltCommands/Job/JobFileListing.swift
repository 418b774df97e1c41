internal import Diagnostics
internal import JSON
internal import JobFiles
internal import JobModel
internal import SystemSupport

/// The jobs of job files, for `kilt job list --files`.
struct JobFileListing {
  let checks: [JobFileCheck]

  init(_ global: GlobalOptions, _ words: [String], cluster: String?) throws {
    let set = try JobFileSet(global, cluster: cluster)
    checks = set.loader.check(try set.files(words))
  }

  /// Whether a file is missing, or cannot be read or run.
  var hasErrors: Bool { checks.contains { !$0.errors.isEmpty } }

  var json: JSONValue { LintReport.json(checks) }

  /// One line per job, with the problem if it cannot run.
  var lines: [String] {
    checks.flatMap { check -> [String] in
      if check.jobs.isEmpty { return ["\(check.path)  \(check.errors.first?.summary ?? "describes no job")"] }
      return check.jobs.map { line($0, check) }
    }
  }

  private func line(_ job: JobFileCheck.Job, _ check: JobFileCheck) -> String {
    var parts = [job.key]
    if let configuration = job.configuration {
      parts.append("\(configuration.instances) instances")
      parts += configuration.task.artifacts.map { "\($0.name)@\($0.version.prefix(12))" }
      if let cron = configuration.cron { parts.append("cron \(cron.schedule)") }
    } else if !job.unbound.isEmpty {
      parts.append("unbound: " + job.unbound.joined(separator: ", "))
    } else {
      parts.append("invalid: " + (check.errors.first?.summary ?? "see `kilt job lint \(check.path)`"))
    }
    return (parts + ["(\(check.path))"]).joined(separator: "  ")
  }
}

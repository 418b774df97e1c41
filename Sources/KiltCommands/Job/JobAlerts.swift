internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import JobModel
internal import Observability
internal import SchedulerClient
internal import SystemSupport

/// `kilt job alerts`: alerting rules for Prometheus.
struct JobAlerts: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "alerts", abstract: "Print Prometheus alerting rules for a job.",
    discussion: """
      The rules come from `alerts` of the job file. Conditions that are not in the file have defaults. For a key, the \
      rules come from the job that the scheduler runs.

      EXAMPLES
        kilt job alerts jobs/fiddler.yaml --stage prod > /etc/prometheus/fiddler.yml
        kilt job alerts devcluster/www-data/prod/fiddler
        kilt job alerts jobs/fiddler.yaml --stage prod --format json
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var output: FormatOption

  func run() throws {
    let session = try JobSession(global, job)
    let rules = AlertingRules(of: try session.describedConfiguration(job))
    writeText(output.format == .json ? rules.json.text(.pretty) + "\n" : rules.yaml, to: 1)
  }
}

extension JobSession {
  /// The configuration that a job file describes, or that the job of a key runs.
  func describedConfiguration(_ options: JobOptions) throws -> JobConfiguration {
    guard let reference = options.reference(in: directory) else { return try configuration(options, offline: true) }
    return try job(reference.key).configuration
  }
}

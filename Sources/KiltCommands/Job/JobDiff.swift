internal import ArgumentParser
internal import JSON
internal import JobModel
internal import SchedulerClient
internal import SystemSupport

/// `kilt job diff`.
struct JobDiff: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Show the changes that an update from the job file would make.",
    discussion: """
      Compares with the job that the scheduler runs: instances, artifact, commits, wheels, configuration. Changes \
      nothing.

      EXAMPLES
        kilt job diff jobs/fiddler.yaml --stage prod
        kilt job diff jobs/fiddler.yaml --stage prod --commit 3f2c9d1e8a7b
        kilt job diff jobs/fiddler.yaml --stage prod --format json

      EXIT CODES
        0  no difference
        1  an update would change the job
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var output: FormatOption

  @Option(help: .commit)
  var commit: String?

  func run() throws {
    let session = try JobSession(global, cluster: job.cluster)
    let configuration = try session.configuration(job, commit: commit, offline: false)
    let report = PlanReport(try session.client.plan(configuration), configuration, session: session)
    switch output.format {
    case .json: writeText(report.json.text(.pretty) + "\n", to: 1)
    case .text: Terminal.standardOutput.print(report.lines.joined(separator: "\n"))
    }
    if !report.isUnchanged { throw ExitCode(1) }
  }
}

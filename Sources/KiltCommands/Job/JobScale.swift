internal import ArgumentParser
internal import Diagnostics
internal import JobModel
internal import SchedulerClient

/// `kilt job scale`.
struct JobScale: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scale", abstract: "Change the number of instances of a job.",
    discussion: """
      Existing instances continue to run. The next `kilt job update` restores the number of the job file.

      EXAMPLES
        kilt job scale devcluster/www-data/prod/fiddler 6
        kilt job scale jobs/fiddler.yaml 6 --stage prod
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var change: ChangeOptions
  @OptionGroup var output: FormatOption

  @Argument(help: ArgumentHelp("New number of instances.", valueName: "count"))
  var count: Int

  func run() throws {
    let session = try JobSession(global, job)
    session.explain(change.reason)
    let status = try session.job(job)
    let key = status.summary.key
    guard count > 0 else {
      throw Diagnostic(
        .input, "cannot scale job \(key) to \(count) instances",
        remedies: ["run `kilt job kill \(key)` to end all of them"])
    }
    let plan = try session.client.scalePlan(key, to: count)
    let deployment = JobDeployment(session: session, change: change, format: output.format)
    let report = PlanReport(plan, plan.proposed ?? status.configuration, session: session)
    guard try deployment.confirm(report) else { return }
    try deployment.finish(try session.client.scale(key, to: count), configuration: nil, verb: "scaled")
  }
}

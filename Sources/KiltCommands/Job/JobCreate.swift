internal import ArgumentParser
internal import Diagnostics
internal import JobModel
internal import SchedulerClient

/// `kilt job create`.
struct JobCreate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Create a job from its file and start its instances.",
    discussion: """
      Shows the plan, starts the instances, and waits until every instance runs and is healthy. If an instance fails \
      repeatedly, ends early with the reason. To change an existing job, use `kilt job update`.

      Fails if no stage is named, or if the commit is not published for the artifact platform of the cluster. In the \
      stage "prod", also fails if the commit is not on the main branch.

      EXAMPLES
        kilt job create jobs/fiddler.yaml --stage devel
        kilt job create jobs/fiddler.yaml --stage devel --no-wait
        kilt job create jobs/fiddler.yaml --stage prod --dry-run
      """)

  enum WaitState: String, ExpressibleByArgument, CaseIterable { case pending, running }

  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var change: ChangeOptions
  @OptionGroup var output: FormatOption

  @Option(help: .commit)
  var commit: String?

  @Option(help: "Return when all instances are in this state. The value pending means --no-wait.")
  var waitUntil = WaitState.running

  func run() throws {
    let session = try JobSession(global, cluster: job.cluster)
    session.explain(change.reason)
    let configuration = try session.configuration(job, commit: commit, offline: false)
    let plan = try session.client.plan(configuration)
    guard plan.outcome == .create else {
      throw Diagnostic(
        .input, "job \(configuration.key) exists already",
        remedies: [
          "run `kilt job update \(job.file) --stage \(configuration.key.stage)` to change it",
          "run `kilt job kill \(configuration.key)` to end it first",
        ])
    }
    var change = change
    if waitUntil == .pending { change.wait = false }
    let deployment = JobDeployment(session: session, change: change, format: output.format)
    guard try deployment.confirm(PlanReport(plan, configuration, session: session)) else { return }
    try deployment.finish(
      try session.client.create(configuration), configuration: configuration, verb: "created")
  }
}

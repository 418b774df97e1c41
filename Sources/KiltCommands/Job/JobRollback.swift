internal import ArgumentParser
internal import JobModel
internal import SchedulerClient

/// `kilt job rollback`.
struct JobRollback: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback", abstract: "Return a job to an earlier release.",
    discussion: """
      Without a release, reverts the update in progress; without an update, returns to the release before the current \
      one. The restored configuration becomes a new release. A key is enough: the scheduler stores every release with \
      its whole configuration.

      EXAMPLES
        kilt job rollback devcluster/www-data/prod/fiddler
        kilt job rollback devcluster/www-data/prod/fiddler 4
        kilt job rollback jobs/fiddler.yaml 4 --stage prod --dry-run
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var change: ChangeOptions
  @OptionGroup var output: FormatOption

  @Argument(help: ArgumentHelp("Number of the release in `kilt job history`.", valueName: "release"))
  var release: Int?

  func run() throws {
    let session = try JobSession(global, job)
    session.explain(change.reason)
    let key = try session.key(job)
    let deployment = JobDeployment(session: session, change: change, format: output.format)
    if release == nil, let active = try session.client.latestUpdate(of: key), !active.summary.status.isTerminal {
      session.global.note("roll back \(key): update \(active.summary.id) to release \(active.formerRelease)")
      if change.dryRun { return }
      try change.confirm("Carry this out?")
      return try deployment.finish(
        try session.client.rollBack(key, to: nil), configuration: nil, verb: "rolled back", wantsRollback: true)
    }
    let plan = try session.client.rollbackPlan(key, to: release)
    let target = try plan.proposed ?? session.job(key).configuration
    guard try deployment.confirm(PlanReport(plan, target, session: session)) else { return }
    try deployment.finish(
      try session.client.rollBack(key, to: release), configuration: target, verb: "updated")
  }
}

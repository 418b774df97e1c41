internal import ArgumentParser
internal import Diagnostics
internal import JobModel
internal import SchedulerClient
internal import SystemSupport
internal import Workspace

/// The arguments of `kilt job update` and `kilt deploy`.
struct UpdateArguments: ParsableArguments {
  @OptionGroup var global: GlobalOptions
  @OptionGroup var target: UpdateTarget
  @OptionGroup var change: ChangeOptions
  @OptionGroup var output: FormatOption

  @Option(help: .commit)
  var commit: String?

  @Option(help: .instances)
  var instance: [String] = []

  @Option(
    help: ArgumentHelp(
      "Update every job of the stage that is affected by changes since this git revision, one after the other.",
      valueName: "revision"))
  var changedSince: String?

  func run(cronOnly: Bool = false) throws {
    if let changedSince {
      if !instance.isEmpty { throw ValidationError("--changed-since updates whole jobs: it goes with no --instance") }
      return try runAffected(since: changedSince)
    }
    guard let file = target.file else {
      throw Diagnostic(
        .input, "no job file was named",
        remedies: ["name one: `kilt job update jobs/NAME.yaml --stage STAGE`", "or use --changed-since REVISION"])
    }
    try run(target.options(file: file), cronOnly: cronOnly)
  }

  private func runAffected(since revision: String) throws {
    guard target.file == nil else { throw ValidationError("--changed-since cannot be combined with a job file") }
    guard let stage = target.stage else {
      throw Diagnostic(
        .input, "no stage was named", remedies: ["add --stage STAGE: nothing happens in a stage by default"])
    }
    let workspace = try Workspace.find(from: try global.workingDirectory)
    let affected = try AffectedJobs(global, workspace: workspace, since: revision, stage: stage)
    if !affected.problems.isEmpty { throw DiagnosticList(affected.problems) }
    let session = try JobSession(global, cluster: target.cluster)
    session.explain(change.reason)
    try AffectedUpdate(
      session: session, change: change, format: output.format, repeating: "--changed-since \(revision) --stage \(stage)"
    ).run(affected.jobs.map { target.options(file: workspace.root.appending($0.path).string) }, commit: commit) {
      global.note("no job of stage \"\(stage)\" is affected")
    }
  }

  private func run(_ job: JobOptions, cronOnly: Bool) throws {
    if job.reference(in: try global.workingDirectory) != nil {
      throw Diagnostic(
        .input, "cannot update from the key \"\(job.file)\": an update needs a job file",
        remedies: [
          "run `kilt job update jobs/NAME.yaml --stage STAGE`",
          "run `kilt job restart \(job.file)`, `kilt job scale \(job.file) COUNT` or `kilt job rollback \(job.file)`",
        ])
    }
    let session = try JobSession(global, cluster: job.cluster)
    session.explain(change.reason)
    let configuration = try session.configuration(job, commit: commit, offline: false)
    if cronOnly, configuration.cron == nil {
      throw Diagnostic(
        .input, "job \(configuration.key) has no cron schedule",
        remedies: [
          "add cron_schedule to its template",
          "run `kilt job update \(job.file) --stage \(configuration.key.stage)` for a job without one",
        ])
    }
    var options = InstanceOptions()
    options.instance = instance
    let instances = try options.instances(nil)
    let report = PlanReport(
      try session.client.plan(configuration, instances: instances), configuration, session: session)
    let deployment = JobDeployment(session: session, change: change, format: output.format)
    guard try deployment.confirm(report) else { return }
    let receipt = try session.client.update(configuration, instances: instances)
    try deployment.finish(receipt, configuration: configuration, verb: "updated")
  }
}

/// The job file of an update: like `JobOptions`, but --changed-since needs none.
struct UpdateTarget: ParsableArguments {
  @Argument(help: ArgumentHelp("Job file such as jobs/fiddler.yaml.", valueName: "file"))
  var file: String?

  @Option(help: .stage)
  var stage: String?

  @Option(help: .jobCluster)
  var cluster: String?

  @OptionGroup var selection: JobSelection

  func options(file: String) -> JobOptions {
    var options = JobOptions()
    options.file = file
    options.stage = stage
    options.cluster = cluster
    options.selection = selection
    return options
  }
}

/// `kilt job update`.
struct JobUpdate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "update", abstract: "Update a job from its file, in batches. Create it if absent.",
    discussion: """
      Shows the plan, updates one batch of instances at a time, and watches their health. If too many instances fail, \
      the scheduler restores the former release, and the command prints the reason. If nothing changes, the instances \
      continue to run.

      Ctrl-C leaves the update running.

      With --changed-since, Kilt plans all affected jobs before it changes the first one. It updates the jobs one after \
      the other. The first failure ends the command, which then lists the jobs that were updated and those that were not.

      EXAMPLES
        kilt job update jobs/fiddler.yaml --stage devel
        kilt job update jobs/fiddler.yaml --stage prod --commit 3f2c9d1e8a7b --yes
        kilt job update jobs/fiddler.yaml --stage prod --dry-run
        kilt job update jobs/fiddler.yaml --stage prod --instance 0   a canary
        kilt job update --changed-since HEAD~1 --stage devel --commit HEAD --yes

      EXIT CODES
        0  updated or unchanged
        1  the update failed, was rolled back or was declined
        2  invalid usage or input
        3  the scheduler or the artifact repository does not answer
      """)

  @OptionGroup var arguments: UpdateArguments

  func run() throws { try arguments.run() }
}

/// `kilt deploy`: the same.
struct JobDeploy: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deploy", abstract: "Update a job from its file: the same as `kilt job update`.",
    discussion: """
      EXAMPLES
        kilt deploy jobs/fiddler.yaml --stage devel
        kilt deploy jobs/fiddler.yaml --stage prod --dry-run
      """)

  @OptionGroup var arguments: UpdateArguments

  func run() throws { try arguments.run() }
}

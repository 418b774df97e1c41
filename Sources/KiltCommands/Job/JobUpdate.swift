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

  @Option(help: ArgumentHelp("Run this commit instead of the job file's.", valueName: "commit"))
  var commit: String?

  @Option(
    help: ArgumentHelp(
      "Update only these instances, as a canary: 0-2,5. Repeatable. Default: all.", valueName: "numbers"))
  var instance: [String] = []

  @Option(
    help: ArgumentHelp(
      "Update every job of the stage that the changes since this git revision affect, one after the other.",
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
    guard target.file == nil else { throw ValidationError("--changed-since goes with no job file") }
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
  @Argument(help: ArgumentHelp("A job file such as jobs/fiddler.yaml.", valueName: "file"))
  var file: String?

  @Option(help: "The stage of the job file. Always named: nothing happens in a stage by default.")
  var stage: String?

  @Option(help: ArgumentHelp("The cluster; by default the job file's, or the first of kilt.toml.", valueName: "name"))
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
    commandName: "update", abstract: "Update a job to its file, in batches; create an absent job.",
    discussion: """
      Shows the plan, updates a batch of instances at a time, and watches the health of each. When too many instances
      fail, the scheduler restores the former release and the command says why. A job that does not change is not
      touched. Ctrl-C leaves the update running.

      With --changed-since, all affected jobs are planned before the first one changes. They are updated one after the
      other; the first that fails ends the command, which then says what was updated and what was not.

      EXAMPLES
        kilt job update jobs/fiddler.yaml --stage devel
        kilt job update jobs/fiddler.yaml --stage prod --commit 3f2c9d1e8a7b --yes
        kilt job update jobs/fiddler.yaml --stage prod --dry-run
        kilt job update jobs/fiddler.yaml --stage prod --instance 0
        kilt job update --changed-since HEAD~1 --stage devel --commit HEAD --yes

      EXIT CODES
        0 updated or unchanged; 1 the update failed, was rolled back or declined;
        2 wrong usage or input; 3 the scheduler or the repository does not answer
      """)

  @OptionGroup var arguments: UpdateArguments

  func run() throws { try arguments.run() }
}

/// `kilt deploy`: the same.
struct JobDeploy: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deploy", abstract: "Update a job to its file: the same as kilt job update.",
    discussion: """
      EXAMPLES
        kilt deploy jobs/fiddler.yaml --stage devel
        kilt deploy jobs/fiddler.yaml --stage prod --dry-run
      """)

  @OptionGroup var arguments: UpdateArguments

  func run() throws { try arguments.run() }
}

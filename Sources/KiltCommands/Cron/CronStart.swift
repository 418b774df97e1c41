internal import ArgumentParser
internal import Diagnostics
internal import JobModel
internal import SchedulerClient

/// `kilt cron start`.
struct CronStart: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "start", abstract: "Run a cron job now, independent of its schedule.",
    discussion: """
      Waits until every instance of the run has ended. The schedule does not change.

      EXAMPLES
        kilt cron start devcluster/www-data/prod/report
        kilt cron start jobs/report.yaml --stage prod --no-wait

      EXIT CODES
        0  the run succeeded
        1  the run failed
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var change: ChangeOptions

  func run() throws {
    let session = try JobSession(global, job)
    session.explain(change.reason)
    let status = try session.job(job)
    let key = status.summary.key
    guard status.summary.cron != nil else {
      throw Diagnostic(
        .input, "job \(key) has no cron schedule",
        remedies: [
          "run `kilt job restart \(key)` to start its instances again", "run `kilt cron list` to list cron jobs",
        ])
    }
    let count = status.configuration.instances
    global.note("run \(key) now: \(count) instances")
    if change.dryRun { return }
    try change.confirm("Carry this out?")
    let former = Set(status.instances.map(\.taskID))
    _ = try session.client.startCron(key)
    guard change.wait else { return Terminal.standardOutput.print("started a run of \(key)") }
    try InstanceMonitor(session, key).waitUntilFinished(instances: count, not: former, seconds: change.timeout)
    Terminal.standardOutput.print("the run of \(key) succeeded: \(count) instances")
  }
}

/// `kilt cron schedule`.
struct CronSchedule: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schedule", abstract: "Schedule a job from its file, or replace its schedule.",
    discussion: """
      A run in progress continues. The next run uses the new configuration.

      EXAMPLES
        kilt cron schedule jobs/report.yaml --stage prod
        kilt cron schedule jobs/report.yaml --stage prod --dry-run
      """)

  @OptionGroup var arguments: UpdateArguments

  func run() throws { try arguments.run(cronOnly: true) }
}

/// `kilt cron deschedule`.
struct CronDeschedule: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deschedule", abstract: "Remove a cron job from the schedule, and end its run.",
    discussion: """
      EXAMPLES
        kilt cron deschedule devcluster/www-data/prod/report
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var change: ChangeOptions

  func run() throws {
    let session = try JobSession(global, job)
    session.explain(change.reason)
    let status = try session.job(job)
    let key = status.summary.key
    guard status.summary.cron != nil else {
      throw Diagnostic(
        .input, "job \(key) has no cron schedule", remedies: ["run `kilt job kill \(key)` to end a job"])
    }
    global.note("deschedule \(key): \(status.instances.count { !$0.status.isTerminal }) tasks run")
    if change.dryRun { return }
    try change.confirm("Carry this out?")
    try session.client.kill(key)
    if change.wait {
      try InstanceMonitor(session, key).wait(seconds: change.timeout, missing: "not everything of \(key) has ended") {
        $0.map { !$0.summary.isEnding && $0.instances.allSatisfy(\.status.isTerminal) } ?? true
      }
    }
    Terminal.standardOutput.print("descheduled \(key)")
  }
}

internal import ArgumentParser

/// `kilt cron`: the verbs on jobs that run by a schedule.
struct CronCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cron", abstract: "Schedule cron jobs, and inspect their runs.",
    discussion: """
      EXAMPLES
        kilt cron list   cron jobs with their next runs
        kilt cron schedule jobs/report.yaml --stage prod
        # run the job now
        kilt cron start jobs/report.yaml --stage prod
      """,
    subcommands: [CronList.self, CronNext.self, CronStart.self, CronSchedule.self, CronDeschedule.self])
}

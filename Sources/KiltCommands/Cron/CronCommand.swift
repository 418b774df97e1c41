internal import ArgumentParser

/// `kilt cron`: the verbs on jobs that run by a schedule.
struct CronCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cron", abstract: "Schedule jobs, and look at their runs.",
    subcommands: [CronList.self, CronNext.self, CronStart.self, CronSchedule.self, CronDeschedule.self])
}

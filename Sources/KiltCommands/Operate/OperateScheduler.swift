internal import ArgumentParser

/// `kilt scheduler`.
struct OperateScheduler: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scheduler",
    abstract: "Run the bundled scheduler on this machine, or open its pages.",
    discussion: """
      Without a subcommand, runs the scheduler. `kilt scheduler run -- --help` lists all options.

      EXAMPLES
        kilt scheduler
        kilt scheduler --listen 127.0.0.1:0 --stop-tasks-on-exit
        kilt scheduler open
      """,
    subcommands: [
      SchedulerRun.self, SchedulerOpen.self, SchedulerCode.self, SchedulerBackup.self, SchedulerRestore.self,
      SchedulerDrain.self,
    ], defaultSubcommand: SchedulerRun.self)
}

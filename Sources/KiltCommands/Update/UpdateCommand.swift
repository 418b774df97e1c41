internal import ArgumentParser

/// `kilt update`: the verbs on updates of jobs.
struct UpdateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "update", abstract: "Look at updates of jobs, and steer them.",
    subcommands: [
      UpdateStatusCommand.self, UpdateList.self, JobPause.self, JobResume.self, JobAbort.self, JobPulse.self,
    ])
}

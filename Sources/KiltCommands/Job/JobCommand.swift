internal import ArgumentParser

/// `kilt job`: the verbs on jobs.
struct JobCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "job", abstract: "Create, look at and end jobs.",
    subcommands: [
      JobCreate.self, JobStatusCommand.self, JobList.self, JobLogs.self, JobKill.self, JobRestart.self, JobInspect.self,
      JobLint.self, JobSchema.self, JobNew.self, JobLibrary.self,
    ])
}

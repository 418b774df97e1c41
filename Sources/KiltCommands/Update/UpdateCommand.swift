internal import ArgumentParser

/// `kilt update`: the verbs on updates of jobs.
struct UpdateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "update", abstract: "Inspect and control updates of jobs.",
    discussion: """
      EXAMPLES
        kilt update list --active   updates in progress
        kilt update status devcluster/www-data/prod/fiddler
        kilt update pause devcluster/www-data/prod/fiddler
      """,
    subcommands: [
      UpdateStatusCommand.self, UpdateList.self, JobPause.self, JobResume.self, JobAbort.self, JobPulse.self,
    ])
}

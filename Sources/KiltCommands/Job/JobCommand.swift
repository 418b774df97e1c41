internal import ArgumentParser

/// `kilt job`: the verbs on jobs.
struct JobCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "job", abstract: "Create, update, inspect and end jobs.",
    discussion: """
      EXAMPLES
        kilt job list                                    jobs of the cluster
        kilt job status jobs/fiddler.yaml --stage prod   state of each instance
        kilt job update jobs/fiddler.yaml --stage prod   update the job from its file
      """,
    subcommands: [
      JobCreate.self, JobUpdate.self, JobDiff.self, JobAffected.self, JobRollback.self, JobScale.self, JobRestart.self,
      JobKill.self,
      JobPause.self, JobResume.self, JobAbort.self, JobPulse.self, JobStatusCommand.self, JobEndpoints.self,
      JobSla.self, JobHistory.self,
      JobList.self,
      JobLogs.self, JobWhy.self, JobDashboard.self, JobAlerts.self,
      JobRunLocal.self, JobOpen.self, JobExec.self, JobInspect.self,
      JobLint.self, JobSchema.self, JobNew.self, JobLibrary.self,
    ])
}

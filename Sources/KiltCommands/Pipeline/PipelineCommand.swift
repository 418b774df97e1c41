internal import ArgumentParser

/// `kilt pipeline`: the verbs on pipelines.
struct PipelineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pipeline", abstract: "Check and run pipelines: steps with a state that says what is done.",
    discussion: """
      A pipeline is a YAML file: steps, what they need, and how often they are retried.

      EXAMPLES
        kilt pipeline lint pipelines/pageviews.yaml
        kilt pipeline run pipelines/pageviews.yaml --stage prod
        kilt pipeline run-local pipelines/pageviews.yaml --param day=2024-02-29
        # run again what failed, and the steps after it
        kilt pipeline retry pageviews-20240301-080000-4f2a91c7
      """,
    subcommands: [
      PipelineLint.self, PipelineShow.self, PipelineRunVerb.self, PipelineRunLocal.self, PipelineStatus.self,
      PipelineLogs.self, PipelineRetry.self, PipelineCancel.self, PipelineHistory.self,
      PipelineBackfill.self, PipelineSchedule.self, PipelineDeschedule.self, PipelineSchedules.self,
    ])
}

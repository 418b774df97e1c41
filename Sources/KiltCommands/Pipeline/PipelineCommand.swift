internal import ArgumentParser

/// `kilt pipeline`: the verbs on pipelines.
struct PipelineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pipeline", abstract: "Check and run pipelines.",
    discussion: """
      A pipeline is a YAML file with steps, their order, and their retries. Each run has a state, so a retry runs \
      only the steps that did not succeed.

      EXAMPLES
        kilt pipeline lint pipelines/pageviews.yaml
        kilt pipeline run pipelines/pageviews.yaml --stage prod
        kilt pipeline run-local pipelines/pageviews.yaml --param day=2024-02-29
        # run the failed steps again, and the steps after them
        kilt pipeline retry pageviews-20240301-080000-4f2a91c7
      """,
    subcommands: [
      PipelineLint.self, PipelineShow.self, PipelineRunVerb.self, PipelineRunLocal.self, PipelineStatus.self,
      PipelineLogs.self, PipelineRetry.self, PipelineCancel.self, PipelineHistory.self,
      PipelineBackfill.self, PipelineSchedule.self, PipelineDeschedule.self, PipelineSchedules.self,
    ])
}

internal import ArgumentParser
internal import Diagnostics
internal import LocalPipelines
internal import Pipelines
internal import SchedulerClient

/// `kilt pipeline retry`.
struct PipelineRetry: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry", abstract: "Run the failed steps of a run again, and the steps after them.",
    discussion: """
      Partitions that succeeded keep their outputs and do not run again. The run keeps its parameters and its \
      definition, even if the pipeline file has changed. A local run builds the bundle from the current files.

      Also continues a local run whose command was killed.

      EXAMPLES
        kilt pipeline retry pageviews-20240301-080000-4f2a91c7

      EXIT CODES
        0  every step succeeded
        1  a step failed again, or the run was cancelled
      """)

  @OptionGroup var global: GlobalOptions

  @Argument(help: ArgumentHelp("Run, as `kilt pipeline history` lists it.", valueName: "run"))
  var id: String

  @OptionGroup var running: PipelineRunningOptions

  @Option(help: .cluster)
  var cluster: String?

  @Option(help: .reason)
  var reason: String?

  @OptionGroup var waiting: PipelineWaiting

  func run() throws {
    guard let (found, session) = try running.state.localRun(try checkedRunID(id), global) else {
      let session = try JobSession(global, cluster: cluster)
      session.explain(reason)
      let run = try PipelineRun(answer: try session.client.retryPipeline(id))
      return try waiting.finish(run, session.client, global)
    }
    if found.status == .succeeded {
      return Terminal.standardOutput.print("run \(found.id) has succeeded: nothing to retry")
    }
    try running.carryOut(found, session, try running.artifact(of: found.definition, global), global)
  }
}

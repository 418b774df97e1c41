internal import ArgumentParser
internal import Diagnostics
internal import Pipelines
internal import SchedulerClient

/// `kilt pipeline cancel`.
struct PipelineCancel: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel", abstract: "End a run of the scheduler.",
    discussion: """
      The attempts that run are asked to end, and nothing more starts. `kilt pipeline retry` continues the run. To \
      cancel a local run, press Ctrl-C in its terminal.

      EXAMPLES
        kilt pipeline cancel pageviews-20240301-080000-4f2a91c7
      """)

  @OptionGroup var global: GlobalOptions

  @Argument(help: ArgumentHelp("Run, as `kilt pipeline history` lists it.", valueName: "run"))
  var id: String

  @Option(help: .cluster)
  var cluster: String?

  @Option(help: .reason)
  var reason: String?

  func run() throws {
    let session = try JobSession(global, cluster: cluster)
    session.explain(reason)
    let run = try PipelineRun(answer: try session.client.cancelPipeline(try checkedRunID(id)))
    Terminal.standardOutput.print("run \(run.id) \(run.status.rawValue)")
  }
}

internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import JobModel
internal import LocalPipelines
internal import Pipelines
internal import SystemSupport

/// `kilt pipeline history`.
struct PipelineHistory: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "List the local runs, newest first.",
    discussion: """
      EXAMPLES
        kilt pipeline history
        kilt pipeline history pageviews --limit 5
        kilt pipeline history --format json
      """)

  @OptionGroup var global: GlobalOptions

  @Argument(help: ArgumentHelp("Name of a pipeline. Default: all pipelines.", valueName: "pipeline"))
  var pipeline: String?

  @Option(help: ArgumentHelp("Maximum number of runs.", valueName: "n"))
  var limit = 20

  @OptionGroup var output: FormatOption
  @OptionGroup var state: PipelineStateOptions

  func validate() throws {
    if limit < 1 { throw ValidationError("--limit is a number from 1") }
  }

  func run() throws {
    let runs = try state.session(global).store.runs(of: pipeline, limit: limit)
    if output.format == .json {
      return writeText(JSONValue.array(runs.map(\.summaryJSON)).text(.pretty) + "\n", to: 1)
    }
    for run in runs {
      let parameters = run.parameters.map { "\($0.name)=\(PlainText.line($0.value.parameterText))" }
      let time = run.endedAt.map { "  \(($0 - run.createdAt).pipelineText)" } ?? ""
      Terminal.standardOutput.print(
        "\(run.id)  \(run.status.rawValue)  \(run.createdAt)\(time)  \(parameters.joined(separator: " "))")
    }
  }
}

internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import JobModel
internal import Pipelines
internal import SystemSupport

/// `kilt pipeline history`.
struct PipelineHistory: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "List runs of pipelines, newest first.",
    discussion: """
      EXAMPLES
        kilt pipeline history           runs of the scheduler
        kilt pipeline history --local   runs of this machine
        kilt pipeline history pageviews --limit 5
        kilt pipeline history --format json
      """)

  @OptionGroup var global: GlobalOptions

  @Argument(help: ArgumentHelp("Name of a pipeline. Default: all pipelines.", valueName: "pipeline"))
  var pipeline: String?

  @Option(help: ArgumentHelp("Maximum number of runs.", valueName: "n"))
  var limit = 20

  @OptionGroup var output: FormatOption
  @OptionGroup var source: PipelineSource

  func validate() throws {
    if limit < 1 { throw ValidationError("--limit is a number from 1") }
  }

  func run() throws {
    let runs = try source.history(of: pipeline, limit: limit, global)
    if output.format == .json { return writeText(JSONValue.array(runs).text(.pretty) + "\n", to: 1) }
    for run in runs {
      func time(_ name: String) -> Timestamp? { run[name]?.int.map { Timestamp(milliseconds: $0) } }
      let parameters = run["parameters"]?.object?.map { "\($0.name)=\(PlainText.line($0.value.parameterText))" } ?? []
      let began = time("created_at") ?? Timestamp(milliseconds: 0)
      let took = time("ended_at").map { "  \(($0 - began).pipelineText)" } ?? ""
      Terminal.standardOutput.print(
        "\(run["run"]?.string ?? "")  \(run["status"]?.string ?? "")  \(began)\(took)  "
          + parameters.joined(separator: " "))
    }
  }
}

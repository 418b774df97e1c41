internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import PipelineFiles
internal import Pipelines
internal import SystemSupport

/// `kilt pipeline show`.
struct PipelineShow: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show the graph of a pipeline, as text, SVG or JSON.",
    discussion: """
      Lists the steps in an order in which they can run, indented below the steps they need.

      EXAMPLES
        kilt pipeline show pipelines/pageviews.yaml
        kilt pipeline show pipelines/pageviews.yaml --format svg > pageviews.svg
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, svg, json }

  @OptionGroup var global: GlobalOptions

  @Argument(help: ArgumentHelp("Pipeline file.", valueName: "file"))
  var file: String

  @Option(help: "Stage of the pipeline file. Default: what all stages share.")
  var stage: String?

  @Option(help: .format)
  var format = Format.text

  func run() throws {
    let definition = try PipelineFile.load(file, global).definition(stage: stage)
    switch format {
    case .text: writeText(PipelineDrawing(definition).text, to: 1)
    case .svg: writeText(PipelineDrawing(definition).svg, to: 1)
    case .json: writeText(definition.json.text(.pretty) + "\n", to: 1)
    }
  }
}

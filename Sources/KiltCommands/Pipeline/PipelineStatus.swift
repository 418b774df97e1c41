internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import JobModel
internal import Pipelines
internal import SystemSupport

/// `kilt pipeline status`.
struct PipelineStatus: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show the steps of a run, and the partitions that failed.",
    discussion: """
      EXAMPLES
        kilt pipeline status           the newest run of the scheduler
        kilt pipeline status --local   the newest run of this machine
        kilt pipeline status pageviews-20240301-080000-4f2a91c7
        kilt pipeline status pageviews-20240301-080000-4f2a91c7 --format json
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, svg }

  @OptionGroup var global: GlobalOptions

  @Argument(help: ArgumentHelp("Run. Default: the newest run.", valueName: "run"))
  var id: String?

  @Option(help: .format)
  var format = Format.text

  @OptionGroup var source: PipelineSource

  func run() throws {
    guard let found = try id.map({ try source.run($0, global) }) ?? source.newestRun(global) else {
      throw Diagnostic(
        .input, "no pipeline has run yet",
        remedies: ["run `kilt pipeline run FILE --stage STAGE`", "run `kilt pipeline run-local FILE`"])
    }
    switch format {
    case .json: writeText(found.statusJSON.text(.pretty) + "\n", to: 1)
    case .svg: writeText(PipelineDrawing(found).svg, to: 1)
    case .text:
      Terminal.standardOutput.print("run \(found.id)  \(found.status.rawValue)  started \(found.createdAt)")
      writeText(PipelineDrawing(found).text, to: 1)
      for (position, step) in found.steps.enumerated() {
        if let message = step.message { Terminal.standardOutput.print("\(step.name): \(PlainText.line(message))") }
        for (index, partition) in (step.partitions ?? []).enumerated() where partition.status != .succeeded {
          let message = partition.attempt?.message.map { ": \(PlainText.line($0))" } ?? ""
          Terminal.standardOutput.print(
            "\(found.label(PartitionKey(step: position, partition: index)))  \(partition.status.rawValue), "
              + "\(partition.attempts) attempt\(partition.attempts == 1 ? "" : "s")\(message)")
        }
      }
    }
  }
}

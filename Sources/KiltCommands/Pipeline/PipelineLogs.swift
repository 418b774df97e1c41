internal import ArgumentParser
internal import Diagnostics
internal import Pipelines
internal import SystemSupport

/// `kilt pipeline logs`.
struct PipelineLogs: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Show the output of the steps of a local run.",
    discussion: """
      Shows standard output and standard error of the newest attempt of each partition.

      EXAMPLES
        kilt pipeline logs pageviews-20240301-080000-4f2a
        kilt pipeline logs pageviews-20240301-080000-4f2a --step rollup
        kilt pipeline logs pageviews-20240301-080000-4f2a --step rollup --partition 3
      """)

  @OptionGroup var global: GlobalOptions

  @Argument(help: ArgumentHelp("Run, as `kilt pipeline history` lists it.", valueName: "run"))
  var id: String

  @Option(help: ArgumentHelp("Step. Default: all steps.", valueName: "name"))
  var step: String?

  @Option(help: ArgumentHelp("Partition of the step. Default: all partitions.", valueName: "name"))
  var partition: String?

  @Option(help: ArgumentHelp("Number of the attempt. Default: the newest attempt.", valueName: "number"))
  var attempt: Int?

  @OptionGroup var state: PipelineStateOptions

  func validate() throws {
    if partition != nil, step == nil { throw ValidationError("--partition needs --step") }
  }

  func run() throws {
    let session = try state.session(global)
    let found = try session.run(id)
    let chosen = try step.map { try found.position(ofStep: $0) }
    var shown = 0
    for (position, step) in found.steps.enumerated() where chosen == nil || chosen == position {
      for (index, value) in (step.partitions ?? []).enumerated()
      where value.attempts > 0 && (partition == nil || partition == value.name) {
        let key = AttemptKey(PartitionKey(step: position, partition: index), number: attempt ?? value.attempts)
        let path = session.directory(of: found, key).appending("log")
        guard FileSystem.exists(path) else { continue }
        shown += 1
        let mark = found.label(key.partition)
        let text = try FileSystem.readText(path, limit: 64 << 20)
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast(text.hasSuffix("\n") ? 1 : 0)
        {
          Terminal.standardOutput.print("\(mark) | \(PlainText.logLine(line))")
        }
      }
    }
    if shown == 0 {
      throw Diagnostic(
        .input, "run \(found.id) has no such attempt",
        remedies: ["run `kilt pipeline status \(found.id)` to see its steps and partitions"])
    }
  }
}

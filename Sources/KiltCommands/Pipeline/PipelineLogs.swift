internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import JobModel
internal import LocalPipelines
internal import Pipelines
internal import SchedulerClient
internal import SystemSupport

/// `kilt pipeline logs`.
struct PipelineLogs: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Show the output of the steps of a run.",
    discussion: """
      Shows standard output and standard error of the newest attempt of each partition.

      EXAMPLES
        kilt pipeline logs pageviews-20240301-080000-4f2a91c7
        kilt pipeline logs pageviews-20240301-080000-4f2a91c7 --step rollup
        kilt pipeline logs pageviews-20240301-080000-4f2a91c7 \\
          --step rollup --partition 3
      """)

  @OptionGroup var global: GlobalOptions

  @Argument(help: ArgumentHelp("Run, as `kilt pipeline history` lists it.", valueName: "run"))
  var id: String

  @Option(help: ArgumentHelp("Step. Default: all steps.", valueName: "name"))
  var step: String?

  @Option(help: ArgumentHelp("Partition of the step. Default: all partitions.", valueName: "name"))
  var partition: String?

  @Option(
    help: ArgumentHelp(
      "Number of the attempt, of a local run. Default: the newest attempt.", valueName: "number"))
  var attempt: Int?

  @OptionGroup var source: PipelineSource

  func validate() throws {
    if partition != nil, step == nil { throw ValidationError("--partition needs --step") }
  }

  func run() throws {
    let found: PipelineRun
    let read: (AttemptKey, PartitionRun) throws -> [UInt8]?
    if let (run, session) = try source.state.localRun(try checkedRunID(id), global) {
      found = run
      read = { key, _ in
        let path = session.directory(of: run, key).appending("log")
        return FileSystem.exists(path) ? try FileSystem.read(path, limit: 64 << 20) : nil
      }
    } else {
      let run = try source.run(id, global)
      let client = try source.client(global)
      let cluster = try client.cluster()["name"]?.string ?? ""
      found = run
      read = { key, partition in try scheduled(run, key, partition, client, cluster) }
    }
    let chosen = try step.map { try found.position(ofStep: $0) }
    var shown = 0
    for (position, step) in found.steps.enumerated() where chosen == nil || chosen == position {
      for (index, value) in (step.partitions ?? []).enumerated()
      where value.attempts > 0 && (partition == nil || partition == value.name) {
        let key = AttemptKey(PartitionKey(step: position, partition: index), number: attempt ?? value.attempts)
        guard let bytes = try read(key, value) else { continue }
        shown += 1
        let text = String(decoding: bytes, as: UTF8.self)
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast(text.hasSuffix("\n") ? 1 : 0)
        {
          Terminal.standardOutput.print("\(found.label(key.partition)) | \(PlainText.logLine(line))")
        }
      }
    }
    if shown == 0 {
      throw Diagnostic(
        .input, "run \(found.id) has no such attempt",
        remedies: ["run `kilt pipeline status \(found.id)` to see its steps and partitions"])
    }
  }

  /// The output of a task of the scheduler, which knows the newest attempt of each partition.
  private func scheduled(
    _ run: PipelineRun, _ key: AttemptKey, _ partition: PartitionRun, _ client: SchedulerClient, _ cluster: String
  ) throws -> [UInt8]? {
    guard let newest = partition.attempt, newest.number == key.number, let task = newest.task else { return nil }
    let job = JobKey(
      cluster: cluster, role: run.definition.role, stage: run.stage ?? "",
      name: "\(run.id).\(run.steps[key.partition.step].name)")
    return try ["stdout", "stderr"].flatMap {
      try client.log(job, instance: key.partition.partition, task: task, process: "step", stream: $0)
    }
  }
}

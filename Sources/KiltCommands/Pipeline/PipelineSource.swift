internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import JobModel
internal import LocalPipelines
internal import Pipelines
internal import SchedulerClient
internal import SystemSupport

/// Where the verbs that look at runs find them: on the scheduler, or on this machine.
struct PipelineSource: ParsableArguments {
  @Flag(help: "Use the runs of this machine. A run of this machine is found without it.")
  var local = false

  @Option(help: .cluster)
  var cluster: String?

  @OptionGroup var state: PipelineStateOptions

  private var isLocal: Bool { local || state.state != nil }

  func client(_ global: GlobalOptions) throws -> SchedulerClient { try JobSession(global, cluster: cluster).client }

  /// A run by its id: of this machine if it has it, else of the scheduler.
  func run(_ id: String, _ global: GlobalOptions) throws -> PipelineRun {
    if let (run, _) = try state.localRun(try checkedRunID(id), global) { return run }
    if isLocal {
      throw Diagnostic(
        .input, "run \"\(id)\" does not exist on this machine",
        remedies: ["run `kilt pipeline history --local` to list runs"])
    }
    return try PipelineRun(answer: try client(global).pipelineRun(id))
  }

  func newestRun(_ global: GlobalOptions) throws -> PipelineRun? {
    if isLocal { return try state.session(global).store.runs(limit: 1).first }
    let client = try client(global)
    guard let id = try client.pipelineRuns().first?["run"]?.string else { return nil }
    return try PipelineRun(answer: try client.pipelineRun(id))
  }

  /// Runs in short.
  func history(of pipeline: String?, limit: Int, _ global: GlobalOptions) throws -> [JSONValue] {
    if isLocal { return try state.session(global).store.runs(of: pipeline, limit: limit).map(\.summaryJSON) }
    let runs = try client(global).pipelineRuns().filter { pipeline == nil || $0["pipeline"]?.string == pipeline }
    return Array(runs.prefix(limit))
  }
}

extension PipelineRun {
  /// A run as a scheduler answers with it.
  init(answer json: JSONValue) throws {
    do throws(ModelError) {
      try self.init(statusJSON: json)
    } catch {
      throw Diagnostic(
        .environment, "the scheduler's answer is not a pipeline run: \(error)",
        remedies: ["use the version of `kilt` that the scheduler has"])
    }
  }
}

/// The id of a run as a part of an address: everything else is refused before it is sent.
func checkedRunID(_ id: String) throws -> String {
  guard JobKey.isIdentifier(id) else {
    throw Diagnostic(.input, "invalid run \"\(id)\"", remedies: ["run `kilt pipeline history` to list runs"])
  }
  return id
}

internal import ArgumentParser
internal import Diagnostics
internal import LocalPipelines
internal import Pipelines
internal import SystemSupport
internal import Workspace

/// `--state` of the verbs on local runs.
struct PipelineStateOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Directory with the state and the logs of local runs. Default: .kilt/pipelines of the workspace.",
      valueName: "path"))
  var state: String?

  func directory(_ global: GlobalOptions) throws -> FilePath {
    if let state { return try global.workingDirectory.pushing(FilePath(state)).lexicallyNormalized() }
    do {
      return try Workspace.find(from: try global.workingDirectory).root.appending(".kilt").appending("pipelines")
    } catch let error as any DiagnosableError {
      var diagnostic = error.diagnostic
      diagnostic.remedies.append("or name a directory for the state of runs with --state")
      throw diagnostic
    }
  }

  func session(_ global: GlobalOptions) throws -> PipelineStateSession {
    let directory = try directory(global)
    return PipelineStateSession(directory: directory, store: try PipelineStore(directory: directory))
  }
}

/// The runs of this machine.
struct PipelineStateSession {
  let directory: FilePath
  let store: PipelineStore

  /// A run by its id.
  func run(_ id: String) throws -> PipelineRun {
    if let run = try store.run(id) { return run }
    let known = try store.runs(limit: 20).map(\.id)
    throw Diagnostic(
      .input, "run \"\(id)\" does not exist", notes: ["runs are in \"\(directory)\""],
      remedies: (Suggestions.remedy(for: id, among: known).map { [$0] } ?? [])
        + ["run `kilt pipeline history` to list runs"])
  }

  /// The files of one attempt.
  func directory(of run: PipelineRun, _ key: AttemptKey) -> FilePath {
    LocalRunner.directory(state: directory, run, key)
  }
}

extension PipelineRun {
  /// The step of a name.
  func position(ofStep name: String) throws -> Int {
    if let position = definition.index(of: name) { return position }
    let names = definition.steps.map(\.name)
    throw Diagnostic(
      .input, "unknown step \"\(name)\" of pipeline \"\(definition.name)\"",
      notes: ["steps: \(names.joined(separator: ", "))"],
      remedies: Suggestions.remedy(for: name, among: names).map { [$0] } ?? [])
  }
}

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

  /// The local run of an id; nil when this machine has none.
  func localRun(_ id: String, _ global: GlobalOptions) throws -> (run: PipelineRun, session: PipelineStateSession)? {
    if state == nil {
      do {
        // A command on a run of a scheduler leaves no directory behind.
        guard FileSystem.exists(try directory(global).appending("state.sqlite3")) else { return nil }
      } catch is Diagnostic {
        // Outside of a workspace there are no local runs.
        return nil
      }
    }
    let session = try session(global)
    return try session.store.run(id).map { ($0, session) }
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

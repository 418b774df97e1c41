internal import Actions
internal import ArgumentParser
internal import BuildCommands
internal import ContentStore

/// The options of the verbs that run build steps.
struct SandboxOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Which folders of build steps stay, with a script that runs the step again: never, on_failure or always.",
      valueName: "when"))
  var keepSandboxes = Choice.never

  /// The choices.
  enum Choice: String, CaseIterable, ExpressibleByArgument {
    case never
    case onFailure = "on_failure"
    case always
  }

  /// What was chosen.
  var kept: KeptSandboxes {
    switch keepSandboxes {
    case .never: .never
    case .onFailure: .onFailure
    case .always: .always
    }
  }
}

extension WorkspaceSession {
  /// What makes the files and packages of this workspace's targets.
  func targetBuilder(store: ContentStore, kept: KeptSandboxes = .never) throws -> TargetBuilder {
    let (quiet, workspace, resolver) = (isQuiet, workspace, resolver)
    let note: @Sendable (String) -> Void = { if !quiet { Terminal.standardError.print($0) } }
    return TargetBuilder(
      workspace: workspace, resolver: resolver, store: store,
      runner: ActionRunner(store: store, kept: kept, note: note), note: note)
  }
}

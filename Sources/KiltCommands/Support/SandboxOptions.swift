public import Actions
public import ArgumentParser
internal import BuildCommands
internal import ContentStore
internal import SystemSupport

/// The options of the verbs that run build steps.
struct SandboxOptions: ParsableArguments {
  @Option(help: .keepSandboxes)
  var keepSandboxes = SandboxRetention.never

  @Option(help: .jobs)
  var jobs: Int?

  func validate() throws {
    if let jobs, jobs < 1 { throw ValidationError("--jobs must be at least 1") }
  }

  /// The maximum number of parallel build steps.
  var threads: Int { jobs ?? availableProcessors() }
}

/// The value of `--keep-sandboxes`; `failed` is another spelling of `on_failure`.
extension SandboxRetention: ExpressibleByArgument {
  public init?(argument: String) { self.init(rawValue: argument == "failed" ? "on_failure" : argument) }
}

extension WorkspaceSession {
  /// The builder of the files and products of this workspace's targets. A line at the bottom of a terminal names
  /// running build steps.
  ///
  /// Call it before other threads are started, because an interruption ends running steps and removes their
  /// directories.
  /// - Parameter cleanUp: further work of an interruption; nil if a program has the terminal and handles it.
  func targetBuilder(
    store: ContentStore, kept: SandboxRetention = .never, cleanUp: (@Sendable () -> Void)? = {}
  ) throws -> TargetBuilder {
    let (workspace, resolver) = (workspace, resolver)
    let progress = StepProgress(isQuiet: isQuiet)
    let runner = ActionRunner(store: store, kept: kept, note: progress.note, watch: progress.see)
    if let cleanUp {
      TerminationSignals.handle {
        progress.finish()
        cleanUp()
        runner.close()
      }
    }
    return TargetBuilder(
      workspace: workspace, resolver: resolver, store: store, runner: runner, note: progress.note)
  }
}

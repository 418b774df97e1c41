internal import ArgumentParser
internal import BuildCommands
internal import BuildFiles
internal import Bundles
internal import ContentStore
internal import Diagnostics
internal import PythonCommands
internal import PythonEnvironments
internal import SystemSupport
internal import TargetGraph
internal import Workspace

/// `kilt run`.
struct BuildRun: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a pex_binary or a Python file of the workspace.",
    discussion: """
      Builds a pex_binary into dist/ and executes it. Runs a Python file without a build, from links to the files that \
      its bundle would contain; an edit takes effect at once.

      The program replaces Kilt: exit code, signals and process ID are those of the program.

      EXAMPLES
        kilt run services/eightball:server -- --port 8008
        kilt run tools/igorctl/igorctl.py -- --help
      """)

  @OptionGroup var global: GlobalOptions

  @Argument(help: "Target to run: DIR:NAME, FILE, or a directory with one pex_binary.")
  var spec: String

  @Argument(parsing: .postTerminator, help: ArgumentHelp("Arguments for the program, after --.", valueName: "argument"))
  var arguments: [String] = []

  func run() throws {
    let session = try WorkspaceSession(global)
    let id = try target(session)
    let store = try ContentStore.userDefault()
    let graph = session.graph
    let builder = try session.targetBuilder(store: store)
    if graph[id].type == .pexBinary {
      try builder.prepare([id], jobs: availableProcessors())
      let packager = BundlePackager(
        workspace: session.workspace, resolver: session.resolver, store: store,
        version: try SourceVersion(of: session.workspace, session.resolver), targets: builder)
      let packaged = try packager.package(id)
      try session.reportWarnings()
      if packaged.work == .built { global.note("built  \(packaged.relativePath)") }
      try replaceProcess(with: packaged.bundle.path, arguments)
    }
    guard let file = graph[id].file else { throw notRunnable(session, id) }
    let environments = ClosureEnvironments(session.workspace, store: store, note: global.note)
    let program = try ProgramEnvironment(
      of: [id], resolver: session.resolver, workspace: session.workspace, environments: environments,
      builder: builder)
    try session.reportWarnings()
    let path = graph.files.path(of: file)
    let start =
      graph.moduleName(ofFile: path).map { ProgramEnvironment.arguments(running: $0) }
      ?? [program.tree?.appending(path).string ?? session.absolutePath(of: path)]
    store.keepAcrossExecution()
    try replaceProcess(
      with: program.python.python, start + arguments, environment: program.variables(environmentStrings()))
  }

  /// The target that is meant: the only one, or the only binary of several.
  private func target(_ session: WorkspaceSession) throws -> TargetID {
    let found = try session.graph.select(try session.parse([spec]))
    let binaries = try session.resolver.binaries(among: found)
    if found.count != 1, binaries.count == 1 { return binaries[0] }
    let id = try session.single(spec)
    switch session.graph[id].type {
    case .pexBinary, .pythonSource: return id
    case .target where binaries.count == 1, .pexBinaries where binaries.count == 1: return binaries[0]
    default: throw notRunnable(session, id)
    }
  }

  private func notRunnable(_ session: WorkspaceSession, _ id: TargetID) -> Diagnostic {
    let target = session.graph[id]
    return Diagnostic(
      .input, "cannot run \"\(target.address)\": kilt run does not support \(target.typeName) targets",
      remedies: [
        target.type == .pythonTest || target.type == .pythonTests
          ? "run `kilt test \(target.address)`"
          : "run `kilt list :: --filter-target-type=pex_binary` to list targets that can"
      ])
  }
}

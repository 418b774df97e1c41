internal import ArgumentParser
internal import BuildCommands
internal import BuildFiles
internal import Bundles
internal import ContentStore
internal import Diagnostics
internal import PythonCommands
internal import PythonEnvironments
internal import PythonProjects
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
        kilt run api:serve                 a script of the Python project "api"
        kilt run serve                     the same, if no other is named so
        kilt run report.py                 a script with its own metadata (PEP 723)
        kilt run api:serve --script fastapi -- dev
      """)

  @OptionGroup var global: GlobalOptions

  @Option(help: ArgumentHelp("Python project whose script to run.", valueName: "name"))
  var package: String?

  @Option(
    help: ArgumentHelp(
      "Console script of a package that the target depends on, to run in its place.", valueName: "name"))
  var script: String?

  @Argument(help: "Target to run: DIR:NAME, FILE, PROJECT:SCRIPT, or a directory with one pex_binary.")
  var spec: String

  @Argument(parsing: .postTerminator, help: ArgumentHelp("Arguments for the program, after --.", valueName: "argument"))
  var arguments: [String] = []

  func run() throws {
    if script == nil, try runScript() { return }
    let session = try WorkspaceSession(global)
    let id = try target(session)
    let store = try session.contentStore()
    let graph = session.graph
    let builder = try session.targetBuilder(store: store)
    if let script { return try run(script, of: id, session, store, builder) }
    if graph[id].type == .pexBinary {
      try builder.prepare([id], jobs: availableProcessors())
      let packager = BundleProductBuilder(
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

  /// Runs a console script of the packages that a target depends on, with the target's code importable.
  private func run(
    _ script: String, of id: TargetID, _ session: WorkspaceSession, _ store: ContentStore, _ builder: TargetBuilder
  ) throws {
    let environments = ClosureEnvironments(session.workspace, store: store, note: global.note)
    let program = try ProgramEnvironment(
      of: [id], resolver: session.resolver, workspace: session.workspace, environments: environments, builder: builder)
    try session.reportWarnings()
    let names = try FileSystem.list(program.python.scripts).map(\.name).filter { !$0.hasPrefix("python") }
    guard names.contains(script) else {
      throw Diagnostic(
        .input, "no package that \"\(session.name(of: id))\" depends on has the console script \"\(script)\"",
        notes: names.isEmpty ? [] : ["available: " + names.sorted().prefix(20).joined(separator: ", ")],
        remedies: [
          Suggestions.remedy(for: script, among: names)
            ?? "add the package that has the script to the dependencies of the target"
        ])
    }
    store.keepAcrossExecution()
    try replaceProcess(
      with: program.python.scripts.appending(script), arguments, environment: program.variables(environmentStrings()))
  }

  /// The target that is meant: the only one, or the only binary of several.
  private func target(_ session: WorkspaceSession) throws -> TargetID {
    if let id = try scripts(session) { return id }
    let found = try session.graph.select(try session.parse([spec], packages: package.map { [$0] } ?? []))
    let binaries = try session.resolver.binaries(among: found)
    if found.count != 1, binaries.count == 1 { return binaries[0] }
    // The script that has the name of its project.
    let named = binaries.filter { session.graph.address(of: $0).name == spec }
    if found.count > 1, named.count == 1 { return named[0] }
    if found.count == 1, let id = found.first, package != nil, session.graph[id].type == .pexBinary { return id }
    let id = try session.single(spec)
    switch session.graph[id].type {
    case .pexBinary, .pythonSource: return id
    case .target where binaries.count == 1, .pexBinaries where binaries.count == 1: return binaries[0]
    default: throw notRunnable(session, id)
    }
  }

  /// Runs a script with metadata of its own (PEP 723), which needs no workspace; false where the spec is none.
  private func runScript() throws -> Bool {
    guard spec.hasSuffix(".py"), package == nil else { return false }
    let path = try global.workingDirectory.pushing(FilePath(spec))
    guard FileSystem.exists(path),
      let script = try InlineScript(in: try FileSystem.read(path, limit: 64 << 20), path: spec)
    else { return false }
    let store = try ContentStore.userDefault()
    let python = try ScriptEnvironment(store: store, note: global.note).environment(of: script, at: path)
    store.keepAcrossExecution()
    let own = environmentStrings().filter { entry in
      !["PYTHONHOME=", "PYTHONPATH=", "VIRTUAL_ENV="].contains(where: entry.hasPrefix)
    }
    let search = own.first { $0.hasPrefix("PATH=") }.map { ":" + $0.dropFirst("PATH=".count) } ?? ""
    let variables =
      own.filter { !$0.hasPrefix("PATH=") }
      + ["PATH=\(python.scripts)\(search)", "VIRTUAL_ENV=\(python.path)"]
    try replaceProcess(with: python.python, [path.string] + arguments, environment: variables)
  }

  /// The binary that a bare name means: the only one of that name, if neither a path nor a Python project has it.
  private func scripts(_ session: WorkspaceSession) throws -> TargetID? {
    let graph = session.graph
    guard let projects = session.workspace.configuration.projects, package == nil,
      !spec.contains(where: { ":/*#@".contains($0) }), graph.files.directory(at: spec) == nil,
      graph.files.file(at: spec) == nil, projects.entries(named: spec).isEmpty
    else { return nil }
    let binaries = graph.sortedByAddress(graph.allTargets.filter { graph.type(of: $0) == .pexBinary })
    let found = binaries.filter { graph.address(of: $0).name == spec }
    if found.count == 1 { return found[0] }
    let names = binaries.map { graph.address(of: $0).name }
    throw Diagnostic(
      .input, found.isEmpty ? "no script or file is named \"\(spec)\"" : "several scripts are named \"\(spec)\"",
      notes: found.isEmpty ? [] : ["they are " + found.map { graph.name(of: $0) }.joined(separator: ", ")],
      remedies: found.isEmpty
        ? [Suggestions.remedy(for: spec, among: names), "\"kilt list :: --filter-target-type=pex_binary\" lists all"]
          .compactMap { $0 } : ["run `kilt run \(graph.name(of: found[0]))`"])
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

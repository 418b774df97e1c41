internal import ArgumentParser
internal import BuildCommands
internal import ContentStore
internal import Diagnostics
internal import JSON
internal import PythonCommands
internal import SystemSupport
internal import Workspace

/// `kilt export`.
struct BuildExport: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write virtual environments of the lockfiles to dist/export, for editors.",
    discussion: """
      One for each resolve, at dist/export/python/virtualenvs/RESOLVE/VERSION: tell your editor that its interpreter \
      is bin/python in there. The workspace's own code is importable too. Doing it again with nothing changed is quick.

      EXAMPLES
        kilt export
        kilt export --resolve default
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  @Option(help: ArgumentHelp("The resolve to export; all by default.", valueName: "name"))
  var resolve: String?

  func run() throws {
    let session = try WorkspaceSession(global)
    let store = try ContentStore.userDefault()
    let exporter = EnvironmentExporter(
      workspace: session.workspace, graph: session.graph, store: store, note: global.note)
    var values: [JSONValue] = []
    for resolve in try ResolveLocker(workspace: session.workspace, graph: session.graph).resolves(named: resolve) {
      let made = try exporter.export(resolve)
      let packages = made.packages == 1 ? "1 package" : "\(made.packages) packages"
      global.note("\(made.isNew ? "wrote" : "unchanged")  \(made.path): Python \(made.version), \(packages)")
      values.append(
        .members([
          "resolve": .string(made.resolve), "path": .string(made.path), "python": .string(made.path + "/bin/python"),
          "version": .string(made.version), "packages": .int(Int64(made.packages)), "new": .bool(made.isNew),
        ]))
    }
    if output.format == .json { session.write(.array(values)) }
  }
}

internal import ArgumentParser
internal import BuildCommands
internal import ContentStore
internal import Diagnostics
internal import JSON
internal import LintCommands
internal import PythonCommands
internal import SystemSupport
internal import Workspace

/// `kilt export`.
struct BuildExport: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a virtual environment for each lockfile to dist/export.",
    discussion: """
      Writes one environment per resolve to dist/export/python/virtualenvs/RESOLVE/VERSION. The environment has the \
      locked packages and can import the code of the workspace. In your editor, choose bin/python in this directory as \
      the interpreter. The tools of `kilt fmt`, `kilt lint` and `kilt check` are in it too.

      If nothing changed, a further run is quick.

      EXAMPLES
        kilt export
        kilt export --resolve default
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  @Option(help: .resolve)
  var resolve: String?

  @Flag(inversion: .prefixedNo, help: "Add the tools that format and check code.")
  var tools = true

  func run() throws {
    let session = try WorkspaceSession(global)
    let store = try session.contentStore()
    let exporter = EnvironmentExporter(
      workspace: session.workspace, graph: session.graph, store: store, note: global.note)
    var values: [JSONValue] = []
    for resolve in try ResolveLocker(workspace: session.workspace, graph: session.graph).resolves(named: resolve) {
      let made = try exporter.export(resolve, with: tools ? CodeChoice(session.workspace).programs : [])
      session.write(warnings: made.missing)
      global.note(
        "\(made.isNew ? "wrote" : "unchanged")  \(made.path): Python \(made.version), \(counted(made.packages, "package"))"
      )
      values.append(
        .members([
          "resolve": .string(made.resolve), "path": .string(made.path), "python": .string(made.path + "/bin/python"),
          "version": .string(made.version), "packages": .int(Int64(made.packages)), "new": .bool(made.isNew),
        ]))
    }
    if output.format == .json { session.write(.array(values)) }
  }
}

internal import ArgumentParser
internal import BuildCommands
internal import ContentStore
internal import Diagnostics
internal import Digests
internal import JSON
internal import SystemSupport
internal import TargetGraph
internal import Workspace

/// `kilt export-codegen`.
struct BuildExportCodegen: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export-codegen", abstract: "Write generated files to dist/codegen for inspection.",
    discussion: """
      Writes the outputs of shell_command, adhoc_tool, relocated_files and experimental_wrap_as_… targets to \
      dist/codegen, at their paths in the workspace. The files are copies: no target reads them. Unchanged files are \
      not generated again.

      EXAMPLES
        kilt export-codegen api:schema
        kilt export-codegen ::
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var targets: TargetOptions
  @OptionGroup var output: FormatOption
  @OptionGroup var sandboxes: SandboxOptions

  func run() throws {
    let session = try WorkspaceSession(global)
    let selected = try session.select(targets, verb: "export-codegen")
    let generated = session.graph.sortedByAddress(
      selected.filter { TargetBuilder.isGenerated(session.graph[$0]) })
    if generated.isEmpty, let only = selected.first, selected.count == 1 {
      throw Diagnostic(
        .input,
        "cannot generate files of \"\(session.name(of: only))\": \(session.graph[only].typeName) targets generate none",
        remedies: ["run `kilt list :: --filter-target-type=shell_command,adhoc_tool` to list targets that do"])
    }
    let builder = try session.targetBuilder(store: try session.contentStore(), kept: sandboxes.keepSandboxes)
    try builder.together(generated, jobs: sandboxes.threads) { _ = try builder.files(of: $0) }
    let writer = ProductWriter(workspace: session.workspace, targets: builder)
    var values: [JSONValue] = []
    for id in generated {
      for file in try writer.writeGenerated(id) {
        if file.work != .unchanged { global.note("wrote  \(file.relativePath)") }
        values.append(
          .members([
            "address": .string(session.name(of: id)), "path": .string(file.relativePath),
            "sha256": .string(try file.digest(root: session.workspace.root).hex), "size": .int(file.size),
            "written": .bool(file.work != .unchanged),
          ]))
      }
    }
    try session.reportWarnings()
    if generated.isEmpty { global.note("nothing to do: none of the selected targets generates files") }
    if output.format == .json { session.write(.array(values)) }
  }
}

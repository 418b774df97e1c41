internal import ArgumentParser
internal import BuildCommands
internal import ContentStore
internal import Diagnostics
internal import JSON
internal import PythonProjects
internal import SystemSupport
internal import TargetGraph
internal import Workspace

/// `kilt lint deps`.
struct LintDependencies: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deps", abstract: "Compare imports with what Python projects declare.",
    discussion: """
      Finds packages that the code of a project imports and that its pyproject.toml does not declare, and packages \
      that it declares and no file imports. The files of the locked wheels say which package provides a module. \
      Imports that may fail, and packages with entry points, are left out.

      EXAMPLES
        kilt lint deps
        kilt lint deps packages/api
        kilt lint deps --package api --package lib
        kilt lint deps --format json
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  @Argument(help: ArgumentHelp("Directories of Python projects, or :: for all. Default: all.", valueName: "directory"))
  var directories: [String] = []

  @Option(
    parsing: .singleValue, help: ArgumentHelp("A Python project by name. Default: all. Repeatable.", valueName: "name"))
  var package: [String] = []

  func run() throws {
    let session = try WorkspaceSession(global)
    guard let projects = session.workspace.configuration.projects else {
      throw Diagnostic(
        .input, "the workspace has no Python projects with a lockfile",
        notes: ["a pyproject.toml with [tool.uv.workspace], or beside a uv.lock, is one"],
        remedies: ["run `kilt lint deps` in a uv workspace"])
    }
    let chosen = try directories.flatMap { try below($0, projects, session.workspace) }
    let entries =
      try directories.isEmpty && package.isEmpty
      ? projects.entries : chosen + package.flatMap { try named($0, projects) }
    let lint = DependencyLint(
      workspace: session.workspace, resolver: session.resolver, store: try ContentStore.userDefault(),
      note: global.note)
    var findings: [DependencyLint.Finding] = []
    for entry in entries { findings += try lint.findings(of: entry) }
    session.resolver.save()
    if output.format == .json {
      session.write(
        .array(
          findings.map { finding in
            .members([
              "kind": .string(finding.kind.rawValue), "project": .string(finding.project),
              "package": .string(finding.package), "message": .string(finding.diagnostic.summary),
              "file": finding.diagnostic.location.map { .string($0.path) } ?? .null,
              "line": finding.diagnostic.location.map { .int(Int64($0.line)) } ?? .null,
            ])
          }))
      if !findings.isEmpty { throw ExitCode(Blame.work.exitCode) }
      return
    }
    guard findings.isEmpty else { throw DiagnosticList(findings.map(\.diagnostic)) }
    global.note("\(counted(entries.count, "project")) checked: no findings")
  }

  /// The projects in a directory and below it; `::` after the directory says the same.
  private func below(_ word: String, _ projects: ProjectTable, _ workspace: Workspace) throws -> [ProjectTable.Entry] {
    let path = try global.workingDirectory.pushing(FilePath(word.directoryOfRecursiveSpec ?? word))
    guard let directory = workspace.relativePath(of: path.lexicallyNormalized()) else {
      throw Diagnostic(.input, "\"\(word)\" is not in the workspace \"\(workspace.root)\"")
    }
    let found = projects.entries.filter {
      directory.isEmpty || $0.directory == directory || $0.directory.hasPrefix(directory + "/")
    }
    guard found.isEmpty else { return found }
    throw Diagnostic(
      .input, "\"\(word)\" contains no Python project",
      remedies: ["name one of the projects: \(projects.entries.prefix(5).map(\.directory).joined(separator: ", "))"])
  }

  private func named(_ name: String, _ projects: ProjectTable) throws -> [ProjectTable.Entry] {
    let found = projects.entries(named: name)
    guard found.isEmpty else { return found }
    let names = projects.entries.map(\.name).filter { !$0.isEmpty }
    throw Diagnostic(
      .input, "no Python project is named \"\(name)\"",
      remedies: Suggestions.remedy(for: name, among: names).map { [$0] } ?? [])
  }
}

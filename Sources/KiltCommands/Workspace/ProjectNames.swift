internal import BuildFiles
internal import Diagnostics
internal import PythonProjects
internal import TargetGraph
internal import Workspace

/// Names of Python projects in specs: `api:serve` for `packages/api:serve`.
struct ProjectNames {
  private let projects: ProjectTable?
  private let graph: TargetGraph

  init(_ workspace: Workspace, _ graph: TargetGraph) {
    projects = workspace.configuration.projects
    self.graph = graph
  }

  /// Specs with directories in the place of names.
  ///
  /// - Parameter packages: projects that the specs are seen from; all their targets where no spec is given.
  /// - Throws: `Diagnostic` for a name that no project has, or several.
  func specs(_ texts: [String], packages: [String]) throws -> [String] {
    if packages.isEmpty { return try texts.map(spec) }
    let directories = try packages.map { "//" + (try directory(of: $0, required: true) ?? "") }
    if texts.isEmpty { return directories.map { $0 + ":" } }
    return try texts.flatMap { text -> [String] in
      // A bare name, or ":name", is a target of the project.
      guard !text.hasPrefix("-"), !text.dropFirst().contains(":"), !text.contains("/"), !text.contains("*") else {
        return [try spec(text)]
      }
      let name = text.hasPrefix(":") ? text : ":" + text
      return directories.map { $0 + name }
    }
  }

  private func spec(_ text: String) throws -> String {
    guard projects != nil else { return text }
    let mark = text.hasPrefix("-") ? "-" : ""
    let body = text.dropFirst(mark.count)
    let name = body.prefix { $0 != ":" }
    guard !name.isEmpty, !name.contains("/"), !name.contains("*"), !name.contains("#"), name != "." else { return text }
    // A path that exists wins.
    if graph.files.directory(at: String(name)) != nil || graph.files.file(at: String(name)) != nil { return text }
    guard let directory = try directory(of: String(name), required: false) else { return text }
    let rest = body.dropFirst(name.count)
    return mark + "//" + directory + (rest.isEmpty ? ":" : rest)
  }

  /// The directory of the one project of a name.
  private func directory(of name: String, required: Bool) throws -> String? {
    let found = projects?.entries(named: name) ?? []
    if found.count > 1 {
      throw Diagnostic(
        .input, "several Python projects are named \"\(name)\"",
        notes: ["their directories are " + found.map(\.directory).joined(separator: ", ")],
        remedies: ["name the directory: \(found[0].directory):"])
    }
    if found.isEmpty, required {
      let names = (projects?.entries ?? []).map(\.name).filter { !$0.isEmpty }
      throw Diagnostic(
        .input, "no Python project is named \"\(name)\"",
        notes: names.isEmpty
          ? [] : ["projects: " + names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", …" : "")],
        remedies: Suggestions.remedy(for: name, among: names).map { [$0] } ?? [])
    }
    return found.first?.directory
  }
}

internal import BuildFiles
internal import Diagnostics
internal import PythonProjects
internal import Workspace

// Modules that several Python projects of a workspace provide: the declaration of the importing project decides, and nothing is
// chosen in silence.
extension DependencyResolver {
  /// Of providers in several projects, those of the only one that the importer's project is or declares; nil where that settles
  /// nothing.
  ///
  /// - Throws: `Diagnostic` for a `pyproject.toml` that cannot be parsed; what the sources throw.
  func declaredProviders(among providers: [TargetID], for importer: TargetID) throws -> [TargetID]? {
    guard let own = graph.configuration.projects?.entry(above: graph.address(of: importer).directory),
      let byProject = projects(of: providers)
    else { return nil }
    // A `pyproject.toml` counts as the BUILD file of its directory.
    trace.add(path: own.directory)
    let declared = try declaredNames(of: own)
    let fitting = byProject.filter { $0.key == own || declared.contains($0.key.name) }
    guard fitting.count == 1, let only = fitting.first?.value, graph.providers(only).count == 1 else { return nil }
    return only
  }

  /// The providers by project; nil where they are not in several.
  private func projects(of providers: [TargetID]) -> [ProjectTable.Entry: [TargetID]]? {
    guard let projects = graph.configuration.projects else { return nil }
    var found: [ProjectTable.Entry: [TargetID]] = [:]
    for provider in providers {
      guard let entry = projects.entry(above: graph.address(of: provider).directory) else { return nil }
      found[entry, default: []].append(provider)
    }
    return found.count > 1 ? found : nil
  }

  /// What a project declares that it needs, for its code or for its tests, as indexes compare names.
  private func declaredNames(of entry: ProjectTable.Entry) throws -> Set<String> {
    if let known = declaredOfProject[entry.directory] { return known }
    let declared = try ProjectDeclarations(at: entry.directory, files: ResolvedFiles(resolver: self))
    let names = Set(((declared?.entries ?? []) + (declared?.groups ?? [])).map(\.name))
    declaredOfProject[entry.directory] = names
    return names
  }

  /// Refuses a program whose code imports a module that several projects provide, where the importing project declares none of
  /// them, or several.
  ///
  /// - Throws: `Diagnostic` for the first such import.
  public func checkProjects(of closure: [TargetID]) throws {
    guard let projects = graph.configuration.projects else { return }
    for id in closure {
      for entry in findings[id].ambiguous where entry.isNeeded {
        guard let byProject = self.projects(of: entry.providers),
          let own = projects.entry(above: graph.address(of: id).directory)
        else { continue }
        let names = byProject.keys.map(\.name).sorted()
        let path = graph[id].file.map { graph.files.path(of: $0) } ?? graph[id].declaration.site.path
        let file = Paths.join(own.directory, "pyproject.toml")
        let declared = try declaredNames(of: own).intersection(names).sorted()
        throw Diagnostic(
          .input,
          "\"\(entry.need.text)\" is in the projects \(names.joined(separator: ", ")), and \"\(file)\" declares "
            + (declared.isEmpty ? "none of them" : declared.joined(separator: ", ")),
          at: SourceLocation(path: path, line: entry.line),
          notes: [
            "provided by " + graph.sortedByAddress(entry.providers).map { graph.name(of: $0) }.joined(separator: ", ")
          ],
          remedies: declared.isEmpty
            ? ["add the project that is meant to `dependencies` in \"\(file)\""]
            : ["rename the module in one of the projects, or declare only one of them"])
      }
    }
  }
}

/// The files of a resolver, as a project's declarations are read.
private struct ResolvedFiles: ProjectFiles {
  let resolver: DependencyResolver

  func read(_ path: String) throws -> [UInt8]? {
    resolver.graph.files.file(at: path) == nil ? nil : try resolver.sources.read(path)
  }

  func entries(of directory: String) throws -> [ProjectEntry]? { nil }
}

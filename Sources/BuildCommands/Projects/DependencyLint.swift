internal import BuildFiles
public import ContentStore
public import Diagnostics
internal import PythonPackaging
public import PythonProjects
public import TargetGraph
public import Workspace

/// Compares the imports of Python projects' code with their declarations.
public struct DependencyLint {
  private let workspace: Workspace
  private let resolver: DependencyResolver
  private let wheels: PlatformWheels
  private var graph: TargetGraph { resolver.graph }

  public init(
    workspace: Workspace, resolver: DependencyResolver, store: ContentStore, note: @escaping (String) -> Void
  ) {
    self.workspace = workspace
    self.resolver = resolver
    wheels = PlatformWheels(workspace, store: store, note: note)
  }

  /// One disagreement.
  public struct Finding: Sendable {
    public enum Kind: String, Sendable { case undeclared, unused }
    public var kind: Kind
    /// The project's directory, from the workspace root.
    public var project: String
    /// In the form in which indexes compare names.
    public var package: String
    public var diagnostic: Diagnostic
  }

  /// The undeclared and unused packages of one project.
  ///
  /// - Throws: `Diagnostic` for a project whose packages are not locked.
  public func findings(of entry: ProjectTable.Entry) throws -> [Finding] {
    guard !entry.name.isEmpty,
      let declared = try ProjectDeclarations(at: entry.directory, files: workspace.projectFiles)
    else { return [] }
    let (packages, modules) = try locked(entry, declared)
    let versions = Dictionary(packages.map { ($0.name.text, $0.version) }, uniquingKeysWith: { first, _ in first })
    var undeclared: [String: Diagnostic] = [:]
    var used: Set<String> = []
    let ids = graph.targets(inDirectory: entry.directory).filter {
      graph.file(of: $0) != nil && graph.type(of: $0).isPythonSource
    }
    try resolver.readImports(of: ids)
    for id in graph.sortedByAddress(ids) {
      let file = graph.file(of: id).map { graph.files.path(of: $0) } ?? ""
      // Tests and scripts can use dependency groups.
      let isShipped = graph.generator(of: id).map { graph.address(of: $0).name.hasPrefix("sources") } ?? false
      for name in try resolver.importedNames(of: id) {
        guard let package = package(of: name, entry, modules) else { continue }
        used.insert(package)
        guard isShipped, package != entry.name, !name.isWeak, !declared.isDynamic, !declared.declares(package),
          undeclared[package] == nil
        else { continue }
        undeclared[package] = missing(package, name, file, versions[package], declared)
      }
    }
    var found = undeclared.map { Finding(kind: .undeclared, project: entry.directory, package: $0, diagnostic: $1) }
    for requirement in declared.entries
    where requirement.isUnconditional && modules.names.contains(requirement.name) && !used.contains(requirement.name) {
      // A plug-in, or a program that is started by name.
      if modules.withEntryPoints.contains(requirement.name) { continue }
      found.append(
        Finding(
          kind: .unused, project: entry.directory, package: requirement.name,
          diagnostic: Diagnostic(
            .work, "\"\(requirement.text)\" is declared, and no file of \"\(entry.name)\" imports it",
            at: declared.location,
            remedies: ["remove it from dependencies in \"\(declared.path)\", if nothing loads it by name"])))
    }
    return found.sorted { ($0.kind.rawValue, $0.package) < ($1.kind.rawValue, $1.package) }
  }

  /// The package, or project of the workspace, that provides an import.
  private func package(of name: ImportedName, _ entry: ProjectTable.Entry, _ modules: PackageModules) -> String? {
    let owners = Set(
      name.providers.compactMap { id in
        workspace.configuration.projects?.entry(above: graph.address(of: id).directory)?.name
      })
    if !owners.isEmpty { return owners.contains(entry.name) || owners.count > 1 ? entry.name : owners.first }
    return modules.package(of: name.name)
  }

  private func missing(
    _ package: String, _ name: ImportedName, _ file: String, _ version: String?, _ declared: ProjectDeclarations
  ) -> Diagnostic {
    let isMember = !(workspace.configuration.projects?.entries(named: package) ?? []).isEmpty
    let line = version.map { $0.isEmpty ? package : "\(package)>=\($0)" } ?? package
    return Diagnostic(
      .work, "\"\(name.name)\" is imported, and \"\(declared.path)\" does not declare \(package)",
      at: SourceLocation(path: file, line: name.line),
      remedies: ["add \"\(isMember ? package : line)\" to dependencies in \"\(declared.path)\""]
        + (isMember ? ["add \(package) = { workspace = true } to [tool.uv.sources] in \"\(declared.path)\""] : []))
  }

  /// The packages of a project with all its extras, and their modules.
  private func locked(
    _ entry: ProjectTable.Entry, _ declared: ProjectDeclarations
  ) throws -> (packages: [LockedPackage], modules: PackageModules) {
    guard let root = workspace.configuration.projects?.root(of: entry.directory),
      graph.files.file(at: root.lockfile) != nil,
      let id = graph.targets(inDirectory: entry.directory).first
    else { return ([], try PackageModules([])) }
    let target = try wheels.target(graph.interpreterConstraints(of: graph[id]))
    var packages: [PackageName: LockedPackage] = [:]
    // Extras can exclude each other: each is followed separately.
    let requirements =
      root.isUv ? [entry.name] + declared.extras.map { "\(entry.name)[\($0)]" } : declared.entries.map(\.text)
    for text in requirements {
      let found = try wheels.lockedPackages(
        of: [(text: text, address: graph.address(of: id))], lockfile: root.lockfile, on: target,
        for: graph.address(of: id))
      for package in found where packages[package.name] == nil { packages[package.name] = package }
    }
    let all = packages.values.sorted { $0.name < $1.name }
    return (all, try PackageModules(try wheels.wheels(of: all, for: target)))
  }
}

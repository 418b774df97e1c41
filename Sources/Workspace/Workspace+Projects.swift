internal import BuildFiles
internal import Diagnostics
public import PythonProjects
internal import SystemPackage
internal import SystemSupport

extension Workspace {
  /// Finds the workspace of Python projects that contains a directory: the nearest uv workspace or project with a
  /// lockfile upward, or else those below, if the directory is a git repository's root.
  ///
  /// - Returns: nil if there is none.
  /// - Throws: `Diagnostic` for a uv workspace that uv would refuse.
  static func findProjects(from directory: FilePath) throws -> Workspace? {
    var current = directory
    while true {
      let isTop = FileSystem.exists(current.appending(".git"))
      if try isProjectRoot(current) {
        let root = try outermost(of: current)
        return try Workspace(root: root, configuration: .ofProjects).withProjects()
      }
      if isTop { return try Workspace(root: current, configuration: .ofProjects).withProjects() }
      let parent = current.removingLastComponent()
      if parent == current || parent.isEmpty { return nil }
      current = parent
    }
  }

  /// Whether a directory has `[tool.uv.workspace]`, or a `pyproject.toml` beside a lockfile.
  private static func isProjectRoot(_ directory: FilePath) throws(SystemCallError) -> Bool {
    let project = directory.appending("pyproject.toml")
    guard FileSystem.exists(project) else { return false }
    if ProjectSearch.lockfiles.contains(where: { FileSystem.exists(directory.appending($0)) }) { return true }
    return String(decoding: try FileSystem.read(project), as: UTF8.self).contains("[tool.uv.workspace]")
  }

  /// The root of a project that uses others outside its directory is the git repository's root.
  private static func outermost(of directory: FilePath) throws -> FilePath {
    let bytes = try FileSystem.read(directory.appending("pyproject.toml"))
    guard ProjectSearch.leadsOutside(try ProjectDocument(parsing: bytes, path: "pyproject.toml")) else {
      return directory
    }
    var current = directory
    while !FileSystem.exists(current.appending(".git")) {
      let parent = current.removingLastComponent()
      if parent == current || parent.isEmpty { return directory }
      current = parent
    }
    return current
  }

  /// The workspace with the Python projects that lie in it; nil where none does.
  func withProjects() throws -> Workspace? {
    guard let table = try ProjectRecord(self).table() else { return nil }
    return Workspace(root: root, configuration: configuration.with(table))
  }

  /// The files of this workspace for the search for projects, including replacement texts.
  public var projectFiles: any ProjectFiles { WorkspaceProjectFiles(workspace: self) }
}

extension WorkspaceConfiguration {
  /// The settings of a workspace with only projects, without a `kilt.toml`.
  static var ofProjects: WorkspaceConfiguration {
    var configuration = WorkspaceConfiguration()
    configuration.path = "pyproject.toml"
    return configuration
  }

  /// The configuration with projects: their settings apply where `kilt.toml` has none.
  func with(_ table: ProjectTable) -> WorkspaceConfiguration {
    var result = self
    result.projects = table
    if result.interpreterConstraints.isEmpty { result.interpreterConstraints = table.requiresPython }
    // Packages are declared, not inferred: an import that no file of the workspace provides means nothing.
    if inference.unownedImports == .warning { result.inference.unownedImports = .ignore }
    if inference.ambiguityResolution == .none { result.inference.ambiguityResolution = .bySourceRoot }
    if let root = table.roots.first, result.resolves.isEmpty {
      result.implicitResolve = Resolve(name: "uv", lockfile: root.lockfile)
    }
    return result
  }
}

/// The disk, or texts in its place.
private struct WorkspaceProjectFiles: ProjectFiles {
  let workspace: Workspace

  func read(_ path: String) throws -> [UInt8]? {
    do {
      return try workspace.read(path)
    } catch let error as SystemCallError {
      if error.isMissing || error.errno == .notDirectory || error.errno == .isDirectory { return nil }
      throw error
    }
  }

  func entries(of directory: String) throws -> [ProjectEntry]? {
    var found = Set(try ProjectRecord.list(workspace.root.appending(directory)) ?? [])
    for path in workspace.buildFileTexts.keys where Paths.contains(directory, path) && path != directory {
      let rest = Paths.relative(path, to: directory)
      let name = String(rest.prefix { $0 != "/" })
      found.insert(ProjectEntry(name: name, isDirectory: name != rest))
    }
    for path in workspace.hiddenFiles where Paths.parent(path) == directory {
      found.remove(ProjectEntry(name: Paths.lastComponent(path), isDirectory: false))
    }
    return found.isEmpty ? nil : Array(found)
  }
}

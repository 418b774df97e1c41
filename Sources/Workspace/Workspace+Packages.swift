public import BuildFiles
public import Diagnostics
internal import PythonProjects
internal import Snapshot
internal import Starlark
internal import Synchronization
internal import SystemSupport

/// Reads and evaluates BUILD files, and remembers the read files.
public final class PackageEvaluation: Sendable {
  /// A BUILD directory, and the inputs of its evaluation.
  public struct Evaluated: Sendable {
    public var package: BuildDirectory
    /// The input files of the evaluation that are in the workspace.
    public var inputs: [FileID]
    /// Whether it reads files outside the workspace.
    public var readsOthers: Bool

    /// A package that was evaluated from these files.
    public init(package: BuildDirectory, inputs: [FileID], readsOthers: Bool) {
      self.package = package
      self.inputs = inputs
      self.readsOthers = readsOthers
    }
  }

  private let workspace: Workspace
  private let files: FileTable
  private let evaluator: BuildFileEvaluator
  private let reader: ContentReader

  /// The workspace's configuration defines the names of BUILD files and prelude files.
  ///
  /// - Parameter reader: reads the files, and remembers their contents.
  /// - Throws: `BuildFileError` for a prelude file that cannot be evaluated; `SystemCallError`.
  public init(_ workspace: Workspace, files: FileTable, reader: ContentReader) throws {
    self.workspace = workspace
    self.files = files
    self.reader = reader
    var options = BuildFileEvaluator.Options(
      environment: { environmentVariable($0) },
      read: { path in
        do throws(SystemCallError) {
          return try reader.read(path)
        } catch {
          guard error.isMissing else { throw error }
          throw Diagnostic(.input, "the file \"\(path)\" does not exist")
        }
      })
    options.ignoresUnknownTypes = workspace.configuration.ignoresUnknownTargetTypes
    options.pluginNames = try workspace.pluginNames(in: files)
    var prelude: [SourceFile] = []
    for file in workspace.preludeFiles(in: files) {
      let path = files.path(of: file)
      prelude.append(SourceFile(name: path, bytes: try reader.read(path)))
    }
    evaluator = try BuildFileEvaluator(prelude: prelude, options: options)
  }

  /// Evaluates the BUILD files of directories, on two threads.
  ///
  /// - Returns: the BUILD directories, without defaults of directories above; the problems of the others.
  public func evaluate(_ directories: [DirectoryID]) throws -> (packages: [Evaluated], problems: [Diagnostic]) {
    let results = Mutex<[Result<Evaluated, any Error>?]>(Array(repeating: nil, count: directories.count))
    let batch = max(1, min(32, directories.count / 8))
    performInParallel(count: (directories.count + batch - 1) / batch, threads: 2) { part in
      for index in (part * batch)..<min(directories.count, (part + 1) * batch) {
        let result = Result { try evaluate(directories[index]) }
        results.withLock { $0[index] = result }
      }
    }
    var packages: [Evaluated] = []
    var problems: [Diagnostic] = []
    for result in results.withLock({ $0 }) {
      switch result {
      case .success(let package)?: packages.append(package)
      case .failure(let error as any DiagnosableError)?: problems.append(error.diagnostic)
      case .failure(let error)?: throw error
      case nil: continue
      }
    }
    return (packages, problems)
  }

  /// Evaluates one BUILD file alone, which need not be there: the declarations in it, without defaults.
  ///
  /// - Throws: `BuildFileError`.
  public func evaluate(_ path: String, bytes: [UInt8]) throws -> BuildDirectory {
    try evaluator.evaluate(directory: Paths.parent(path), files: [SourceFile(name: path, bytes: bytes)])
  }

  private func evaluate(_ directory: DirectoryID) throws -> Evaluated {
    let path = files.path(of: directory)
    var found = Array(workspace.buildFiles(in: directory, of: files))
    var entry: ProjectTable.Entry?
    if let index = found.firstIndex(where: { workspace.isProjectFile($0, of: files) }) {
      found.remove(at: index)
      entry = workspace.configuration.projects?.entry(at: path)
    }
    let sources = try found.map { file in
      let name = files.path(of: file)
      return SourceFile(name: name, bytes: try reader.read(name))
    }
    var package =
      found.isEmpty
      ? BuildDirectory(directory: path, targets: []) : try evaluator.evaluate(directory: path, files: sources)
    if let entry { try add(entry, directory, to: &package) }
    return evaluated(package)
  }

  /// Adds the targets that follow from a `pyproject.toml`, unless BUILD files override them.
  private func add(_ entry: ProjectTable.Entry, _ directory: DirectoryID, to package: inout BuildDirectory) throws {
    guard let table = workspace.configuration.projects else { return }
    let nested = Set(table.nested(in: entry.directory))
    var paths: [String] = []
    var pending = [directory]
    while let current = pending.popLast() {
      let path = files.path(of: current)
      if current != directory, nested.contains(path) { continue }
      pending += files.directories(in: current)
      let isOwned = current != directory && files.files(in: current).contains { workspace.isBuildFile($0, of: files) }
      if isOwned { continue }
      for file in files.files(in: current) {
        let name = files.path(of: file)
        // A pattern cannot name it.
        if !name.contains(where: { "*?[".contains($0) }) { paths.append(Paths.relative(name, to: entry.directory)) }
      }
    }
    paths.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    let targets = try ProjectTargets(
      entry, in: table, paths: paths, files: TableProjectFiles(files: files, reader: reader), declared: package.targets)
    package.targets += targets.declarations
    package.files += targets.inputs
  }

  /// A BUILD directory with the inputs of its evaluation.
  public func evaluated(_ package: BuildDirectory) -> Evaluated {
    let read = (package.files + package.loadedFiles).map { files.file(at: $0) }
    return Evaluated(package: package, inputs: read.compactMap { $0 }, readsOthers: read.contains { $0 == nil })
  }
}

extension Workspace {
  /// Whether the content of a file determines which targets exist, or affects all of them: a BUILD file, macros,
  /// configuration, ignore rules, a plugin. Only the graph knows the files that these load in turn.
  public func decidesTargets(_ path: String) -> Bool {
    let name = Paths.lastComponent(path)
    let files = [configuration.path, "kilt.toml", "pants.toml", ".pants.rc"] + configuration.layerPaths
    if files.contains(path) || name == ".gitignore" { return true }
    if configuration.projects != nil, ["pyproject.toml", "setup.cfg", "MANIFEST.in"].contains(name) { return true }
    if configuration.buildPatterns.contains(where: { GlobPattern($0).matches(name) }) { return true }
    return isPluginFile(path) || SourceGlobs(configuration.preludeGlobs).matches(path)
  }

  /// Whether a path is outside the workspace regardless of rules: in a hidden directory, or in `dist`.
  public func isAlwaysLeftOut(_ path: String) -> Bool {
    path.hasPrefix("dist/")
      || path.split(separator: "/").dropLast().contains { $0.hasPrefix(".") || $0 == "__pycache__" }
  }

  /// The files with macros for all BUILD files.
  public func preludeFiles(in files: FileTable) -> [FileID] {
    guard !configuration.preludeGlobs.isEmpty, let root = files.root else { return [] }
    return files.files(matching: SourceGlobs(configuration.preludeGlobs), in: root)
  }

  /// The BUILD files of a directory, by name.
  public func buildFiles(in directory: DirectoryID, of files: FileTable) -> [FileID] {
    files.files(in: directory).filter { isBuildFile($0, of: files) }
  }

  /// Whether a file is a BUILD file by the configured names, and not excluded.
  public func isBuildFile(_ file: FileID, of files: FileTable) -> Bool {
    let name = files.name(of: file)
    if isProjectFile(file, of: files) { return true }
    guard configuration.buildPatterns.contains(where: { GlobPattern($0).matches(name) }) else { return false }
    return !ignoresBuildFile(at: files.path(of: file))
  }

  /// Whether a file is the `pyproject.toml` of a project from which targets follow.
  func isProjectFile(_ file: FileID, of files: FileTable) -> Bool {
    guard let projects = configuration.projects, files.name(of: file) == "pyproject.toml" else { return false }
    return projects.entry(at: files.path(of: files.directory(of: file))) != nil
  }

  /// The directory of the project that contains a directory, if the project's targets depend on which files exist.
  public func projectDirectory(above directory: DirectoryID, of files: FileTable) -> DirectoryID? {
    guard let projects = configuration.projects else { return nil }
    return projects.entry(above: files.path(of: directory)).flatMap { files.directory(at: $0.directory) }
  }

  /// Whether `build_ignore` excludes a BUILD file at a path.
  public func ignoresBuildFile(at path: String) -> Bool {
    if configuration.buildIgnore.isEmpty { return false }
    return ignores(path, IgnoreRules(lines: configuration.buildIgnore))
  }

  private func ignores(_ path: String, _ rules: IgnoreRules) -> Bool {
    var current = path
    var isDirectory = false
    while !current.isEmpty {
      if let verdict = rules.verdict(path: current, name: Paths.lastComponent(current), isDirectory: isDirectory) {
        return verdict
      }
      current = Paths.parent(current)
      isDirectory = true
    }
    return false
  }
}

/// The files of the table, for projects.
private struct TableProjectFiles: ProjectFiles {
  let files: FileTable
  let reader: ContentReader

  func read(_ path: String) throws -> [UInt8]? { files.file(at: path) == nil ? nil : try reader.read(path) }

  func entries(of directory: String) -> [ProjectEntry]? {
    guard let id = files.directory(at: directory) else { return nil }
    return files.directories(in: id).map {
      ProjectEntry(name: Paths.lastComponent(files.path(of: $0)), isDirectory: true)
    } + files.files(in: id).map { ProjectEntry(name: files.name(of: $0), isDirectory: false) }
  }
}

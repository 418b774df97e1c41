public import BuildFiles
public import Diagnostics
internal import Snapshot
internal import Starlark
internal import Synchronization
internal import SystemSupport

/// Reads and evaluates BUILD files, and remembers what was read for it.
public final class PackageEvaluation: Sendable {
  /// A package, and what it was evaluated from.
  public struct Evaluated: Sendable {
    public var package: BuildPackage
    /// The files that it was evaluated from, as far as they are files of the workspace.
    public var inputs: [FileID]
    /// Whether it reads files that are not.
    public var readsOthers: Bool

    /// A package that was evaluated from these files.
    public init(package: BuildPackage, inputs: [FileID], readsOthers: Bool) {
      self.package = package
      self.inputs = inputs
      self.readsOthers = readsOthers
    }
  }

  private let workspace: Workspace
  private let files: FileTable
  private let evaluator: BuildFileEvaluator
  private let reader: ContentReader

  /// The names of BUILD files and prelude files are those of the workspace's configuration.
  ///
  /// - Parameter reader: reads the files, and remembers what they held.
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
          throw Diagnostic(.input, "there is no file \"\(path)\" to load")
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
  /// - Returns: the packages, without defaults of directories above; what is wrong with the others.
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
  public func evaluate(_ path: String, bytes: [UInt8]) throws -> BuildPackage {
    try evaluator.evaluate(directory: Paths.parent(path), files: [SourceFile(name: path, bytes: bytes)])
  }

  private func evaluate(_ directory: DirectoryID) throws -> Evaluated {
    let path = files.path(of: directory)
    let found = workspace.buildFiles(in: directory, of: files)
    let sources = try found.map { file in
      let name = files.path(of: file)
      return SourceFile(name: name, bytes: try reader.read(name))
    }
    return evaluated(try evaluator.evaluate(directory: path, files: sources))
  }

  /// A package with what it was evaluated from.
  public func evaluated(_ package: BuildPackage) -> Evaluated {
    let read = (package.files + package.loadedFiles).map { files.file(at: $0) }
    return Evaluated(package: package, inputs: read.compactMap { $0 }, readsOthers: read.contains { $0 == nil })
  }
}

extension Workspace {
  /// Whether a path is that of a file whose content decides which targets there are, or what is said of all of them: a BUILD
  /// file, macros, configuration, ignore rules, a plugin. Files that these load in turn are known to the graph alone.
  public func decidesTargets(_ path: String) -> Bool {
    let name = Paths.lastComponent(path)
    let files = [configuration.path, "kilt.toml", "pants.toml", ".pants.rc"] + configuration.layerPaths
    if files.contains(path) || name == ".gitignore" { return true }
    if configuration.buildPatterns.contains(where: { GlobPattern($0).matches(name) }) { return true }
    return isPluginFile(path) || SourceGlobs(configuration.preludeGlobs).matches(path)
  }

  /// Whether a path is left out of the workspace whatever rules say: it lies in a hidden directory, or in `dist`.
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

  /// Whether a file is a BUILD file by the configured names, and not among those left out.
  public func isBuildFile(_ file: FileID, of files: FileTable) -> Bool {
    let name = files.name(of: file)
    guard configuration.buildPatterns.contains(where: { GlobPattern($0).matches(name) }) else { return false }
    return !ignoresBuildFile(at: files.path(of: file))
  }

  /// Whether a BUILD file at a path is left out by `build_ignore`.
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

import JSON
public import SystemSupport

/// Finds the interpreters of this machine and remembers their facts.
///
/// An interpreter is run once: its facts are kept with its size, modification time and inode. Shims of pyenv are never
/// run, because the interpreter that a shim starts depends on the working directory. pyenv's own versions are checked
/// instead.
public struct InterpreterFinder: Sendable {
  /// The file of the facts; nil keeps none.
  public var cacheFile: FilePath?
  private let searchPath: [String]
  private let environment: [String: String]

  /// - Parameter environment: `PATH`, `PYENV_ROOT`, `PYENV_VERSION` and `HOME` count, and as in PEX `PEX_PYTHON` (the
  ///   one interpreter, a path or a name on the search path) and `PEX_PYTHON_PATH` (directories and programs in place
  ///   of `PATH`); this process's environment by default.
  public init(cacheFile: FilePath?, environment: [String: String]? = nil) {
    self.cacheFile = cacheFile
    var variables = environment ?? [:]
    if environment == nil {
      for name in ["PATH", "PYENV_ROOT", "PYENV_VERSION", "HOME", "PEX_PYTHON", "PEX_PYTHON_PATH"] {
        variables[name] = environmentVariable(name)
      }
    }
    variables = variables.filter { !$0.value.isEmpty || !$0.key.hasPrefix("PEX_") }
    self.environment = variables
    let path = variables["PEX_PYTHON_PATH"] ?? variables["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
    searchPath = path.split(separator: ":").map(String.init)
  }

  /// The first interpreter in the order of the search path that meets one of the constraints, or any without
  /// constraints.
  ///
  /// - Throws: ``InterpreterError`` that lists the found interpreters.
  public func find(_ constraints: [InterpreterConstraint] = []) throws(InterpreterError) -> Interpreter {
    var cache = InterpreterCache(cacheFile)
    defer { cache.save() }
    var found: [String] = []
    for path in candidates() {
      switch cache.facts(of: path) {
      case .facts(let facts):
        if constraints.isEmpty ? facts.version.release[0] >= 3 : constraints.contains(where: { $0.admits(facts) }) {
          return Interpreter(path: path, facts: facts)
        }
        found.append("\(path) (\(facts.implementation) \(facts.version))")
      case .broken(let reason): found.append("\(path) (\(reason))")
      }
    }
    if let named = environment["PEX_PYTHON"], found.isEmpty {
      found.append("\(named) (named by PEX_PYTHON, does not exist)")
    }
    throw .noneMatches(constraints: constraints, found: found)
  }

  /// All interpreters that work, in the order of the search path.
  public func all() -> [Interpreter] {
    var cache = InterpreterCache(cacheFile)
    defer { cache.save() }
    return candidates().compactMap { path in
      if case .facts(let facts) = cache.facts(of: path) { Interpreter(path: path, facts: facts) } else { nil }
    }
  }

  /// The interpreter at a path.
  public func interpreter(at path: FilePath) throws(InterpreterError) -> Interpreter {
    let program: FilePath
    do throws(SystemCallError) {
      program = try FileSystem.canonicalPath(path)
    } catch {
      throw .broken(path: path, reason: "\(error)")
    }
    var cache = InterpreterCache(cacheFile)
    defer { cache.save() }
    switch cache.facts(of: program) {
    case .facts(let facts): return Interpreter(path: program, facts: facts)
    case .broken(let reason): throw .broken(path: path, reason: reason)
    }
  }

  /// The programs that can be interpreters, with links resolved, each once.
  func candidates() -> [FilePath] {
    var seen = Set<FilePath>()
    var result: [FilePath] = []
    func add(_ directory: FilePath) {
      for name in Self.programNames(in: directory) {
        let path = directory.appending(name)
        guard FileSystem.isExecutable(path), let program = try? FileSystem.canonicalPath(path) else { continue }
        if seen.insert(program).inserted { result.append(program) }
      }
    }
    func add(program path: FilePath) {
      guard let program = try? FileSystem.canonicalPath(path), seen.insert(program).inserted else { return }
      result.append(program)
    }
    let named = environment["PEX_PYTHON"]
    if let named, named.contains("/") {
      add(program: FilePath(named))
      return result
    }
    for directory in searchPath {
      if let named {
        let versions =
          Self.isPyenvShims(directory) ? pyenvVersions(root: FilePath(directory).removingLastComponent()) : []
        let folders = versions.isEmpty ? [FilePath(directory)] : versions.map { $0.appending("bin") }
        for path in folders.map({ $0.appending(named) }) where FileSystem.isExecutable(path) { add(program: path) }
        continue
      }
      if environment["PEX_PYTHON_PATH"] != nil, Self.isProgram(FilePath(directory)) {
        add(program: FilePath(directory))
        continue
      }
      guard !Self.isPyenvShims(directory) else {
        for version in pyenvVersions(root: FilePath(directory).removingLastComponent()) {
          add(version.appending("bin"))
        }
        continue
      }
      add(FilePath(directory))
    }
    if named != nil || environment["PEX_PYTHON_PATH"] != nil { return result }
    if let root = pyenvRoot { for version in pyenvVersions(root: root) { add(version.appending("bin")) } }
    return result
  }

  /// `python3`, `python`, then `python3.N` from the newest: the order that users expect.
  private static func programNames(in directory: FilePath) -> [String] {
    guard let entries = try? FileSystem.list(directory) else { return [] }  // A folder of the PATH need not exist.
    var versioned: [(minor: Int, name: String)] = []
    var plain: [String] = []
    for entry in entries {
      if entry.name == "python3" || entry.name == "python" { plain.append(entry.name) }
      if entry.name.hasPrefix("python3."), let minor = Int(entry.name.dropFirst("python3.".count)) {
        versioned.append((minor, entry.name))
      }
    }
    return plain.sorted(by: >) + versioned.sorted { $0.minor > $1.minor }.map(\.name)
  }

  private static func isProgram(_ path: FilePath) -> Bool {
    // A file that cannot be examined is not a program.
    (try? FileSystem.status(of: path, followingLinks: true))?.kind == .file
  }

  private static func isPyenvShims(_ directory: String) -> Bool {
    directory.hasSuffix("/shims")
      && FileSystem.exists(FilePath(directory).removingLastComponent().appending("versions"))
  }

  private var pyenvRoot: FilePath? {
    if let root = environment["PYENV_ROOT"] { return FilePath(root) }
    guard let home = environment["HOME"] else { return nil }
    let root = FilePath(home).appending(".pyenv")
    return FileSystem.exists(root) ? root : nil
  }

  /// pyenv's versions: the configured versions first, then the others from the newest.
  private func pyenvVersions(root: FilePath) -> [FilePath] {
    let versions = root.appending("versions")
    guard let entries = try? FileSystem.list(versions) else { return [] }
    let chosen = environment["PYENV_VERSION"] ?? (try? FileSystem.readText(root.appending("version"))) ?? ""
    let preferred = chosen.split { $0 == ":" || $0.isWhitespace }.map(String.init)
    func place(_ name: String) -> (Int, Version) {
      (preferred.firstIndex(of: name) ?? preferred.count, Version(name) ?? Version(release: [0]))
    }
    return entries.map(\.name).sorted { left, right in
      let (l, r) = (place(left), place(right))
      return l.0 != r.0 ? l.0 < r.0 : l.1 != r.1 ? l.1 > r.1 : left < right
    }.map { versions.appending($0) }
  }
}

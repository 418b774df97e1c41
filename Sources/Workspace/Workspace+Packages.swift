public import BuildFiles
internal import Diagnostics
internal import Starlark
internal import Synchronization
internal import SystemSupport

extension Workspace {
  /// Reads and evaluates every BUILD file, on two threads.
  ///
  /// - Returns: the packages by directory, with defaults applied.
  /// - Throws: `DiagnosticList` with everything that is wrong with them.
  public func loadPackages(files: FileTable) throws -> [BuildPackage] {
    let patterns = configuration.buildPatterns.map { GlobPattern($0) }
    let ignored = IgnoreRules(lines: configuration.buildIgnore)
    var found: [(directory: String, names: [String])] = []
    for directory in files.allDirectories {
      let path = files.path(of: directory)
      var names: [String] = []
      for file in files.files(in: directory) {
        let name = files.name(of: file)
        guard patterns.contains(where: { $0.matches(name) }) else { continue }
        let full = Paths.join(path, name)
        if !ignored.isEmpty, ignores(full, ignored) { continue }
        names.append(name)
      }
      if !names.isEmpty { found.append((path, names)) }
    }
    return try evaluate(found, files: files)
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

  private func evaluate(_ found: [(directory: String, names: [String])], files: FileTable) throws -> [BuildPackage] {
    let root = root
    var options = BuildFileEvaluator.Options(
      environment: { environmentVariable($0) },
      read: { path in
        do throws(SystemCallError) {
          return try FileSystem.read(root.appending(path))
        } catch {
          guard error.isMissing else { throw error }
          throw Diagnostic(.input, "there is no file \"\(path)\" to load")
        }
      })
    options.ignoresUnknownTypes = configuration.ignoresUnknownTargetTypes
    var prelude: [SourceFile] = []
    if !configuration.preludeGlobs.isEmpty, let top = files.directory(at: "") {
      for file in files.files(matching: SourceGlobs(configuration.preludeGlobs), in: top) {
        let path = files.path(of: file)
        prelude.append(SourceFile(name: path, bytes: try FileSystem.read(root.appending(path))))
      }
    }
    let evaluator = try BuildFileEvaluator(prelude: prelude, options: options)
    let results = Mutex<[Result<BuildPackage, any Error>?]>(Array(repeating: nil, count: found.count))
    let batch = max(1, min(32, found.count / 8))
    performInParallel(count: (found.count + batch - 1) / batch, threads: 2) { part in
      for index in (part * batch)..<min(found.count, (part + 1) * batch) {
        let (directory, names) = found[index]
        let result = Result {
          let sources = try names.map { name in
            let path = Paths.join(directory, name)
            return SourceFile(name: path, bytes: try FileSystem.read(root.appending(path)))
          }
          return try evaluator.evaluate(directory: directory, files: sources)
        }
        results.withLock { $0[index] = result }
      }
    }
    var packages: [BuildPackage] = []
    var problems: [Diagnostic] = []
    for result in results.withLock({ $0 }) {
      switch result {
      case .success(let package)?: packages.append(package)
      case .failure(let error as any DiagnosableError)?: problems.append(error.diagnostic)
      case .failure(let error)?: throw error
      case nil: continue
      }
    }
    let (resolved, errors) = BuildPackage.resolve(packages)
    problems += errors.map(\.diagnostic)
    guard problems.isEmpty else { throw DiagnosticList(problems) }
    return resolved
  }
}

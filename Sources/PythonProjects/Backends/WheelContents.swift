internal import BuildFiles
internal import JSON

/// The files that a project's wheel contains, by the documented rules of its build backend.
struct WheelContents {
  /// The directories where imports of these files start, from the project's directory.
  var roots: [String] = []
  /// Directories and files of the wheel, from the project's directory; "" for the whole directory.
  var included: [String] = []
  /// The included files; nil for all.
  var filter: PatternList?
  /// The excluded files.
  var excluded = PatternList([])
  /// Data files that are packed; nil for all.
  var data: PatternList?
  /// The reason why the files do not determine the contents of the wheel: compiled code.
  var compiled: String?

  /// - Parameters:
  ///   - document: the project's `pyproject.toml`.
  ///   - files: the workspace's.
  init(of document: ProjectDocument, files: KnownFiles) throws {
    let project = BackendProject(document: document, files: files)
    guard document.isPackage else {
      (roots, included) = ([""], [""])
      return
    }
    let backend = document.backend
    switch backend.prefix(while: { $0 != "." && $0 != ":" }) {
    case "hatchling": try readHatchling(project)
    case "uv_build": try readUvBuild(project)
    case "flit_core", "flit", "flit_scm": try readFlit(project)
    case "pdm": try readPdm(project)
    case "poetry", "poetry_dynamic_versioning": try readPoetry(project)
    case "maturin", "scikit_build_core", "mesonpy", "setuptools_rust":
      compiled = "\(backend) compiles code"
    default:
      try readSetuptools(project)
    }
    if compiled != nil { (roots, included) = ([], []) }
    excluded.add(["*.pyc", "*.pyo", "__pycache__"])
  }

  /// Whether the wheel contains a file, by its path from the project's directory.
  func contains(_ path: String) -> Bool {
    guard included.contains(where: { Paths.contains($0, path) }) else { return false }
    if let filter, !filter.matches(path) { return false }
    if excluded.matches(path) { return false }
    if let data, !path.hasSuffix(".py"), !path.hasSuffix(".pyi"), !path.hasSuffix("/py.typed") {
      return data.matches(path)
    }
    return true
  }

  /// Adds a package or module, with the directory that it is imported from.
  mutating func add(_ path: String, root: String) {
    included.append(path)
    if !roots.contains(root) { roots.append(root) }
  }
}

/// A project as its backend sees it.
struct BackendProject {
  let document: ProjectDocument
  let files: KnownFiles

  var tool: JSONValue? { document.root["tool"] }
  var directory: String { document.directory }
  var name: String { document.name ?? "" }
  /// The name as a module: `my-app` is `my_app`.
  var moduleName: String { moduleName(normalizedProjectName(name)) }

  func moduleName(_ name: String) -> String {
    String(name.map { $0.isLetter || $0.isNumber || $0 == "_" ? $0 : "_" })
  }

  func isFile(_ path: String) throws -> Bool { try files.isFile(Paths.join(directory, path)) }
  func isDirectory(_ path: String) throws -> Bool { try files.isDirectory(Paths.join(directory, path)) }
  func directories(in path: String) throws -> [String] { try files.directories(in: Paths.join(directory, path)) }
  func fileNames(in path: String) throws -> [String] {
    (try files.entries(of: Paths.join(directory, path)) ?? []).filter { !$0.isDirectory }.map(\.name)
  }
  func isPackage(_ path: String) throws -> Bool {
    try isFile(Paths.join(path, "__init__.py")) || isFile(Paths.join(path, "__init__.pyi"))
  }
}

/// Patterns in the form of `.gitignore`: the last one that matches a path, or a directory above it, counts.
struct PatternList {
  private var entries: [(globs: [GlobPattern], isNegated: Bool)] = []

  init(_ texts: [String]) { add(texts) }

  mutating func add(_ texts: [String]) {
    for text in texts {
      var pattern = text[...]
      let isNegated = pattern.hasPrefix("!")
      if isNegated { pattern = pattern.dropFirst() }
      while pattern.hasSuffix("/") { pattern = pattern.dropLast() }
      while pattern.hasPrefix("./") { pattern = pattern.dropFirst(2) }
      let isAnchored = pattern.contains("/")
      while pattern.hasPrefix("/") { pattern = pattern.dropFirst() }
      guard !pattern.isEmpty else { continue }
      let base = isAnchored ? String(pattern) : "**/" + pattern
      entries.append(([GlobPattern(base), GlobPattern(base + "/**")], isNegated))
    }
  }

  mutating func append(_ other: PatternList) { entries += other.entries }

  func matches(_ path: String) -> Bool {
    entries.last { entry in entry.globs.contains { $0.matches(path) } }.map { !$0.isNegated } ?? false
  }
}

internal import BuildFiles
internal import Diagnostics
internal import JSON

/// Finds the projects of a workspace.
public struct ProjectSearch {
  private let files: KnownFiles

  public init(_ files: any ProjectFiles) { self.files = KnownFiles(files) }

  /// The lockfiles that make a single project a workspace, the first that exists counts.
  public static let lockfiles = ["uv.lock", "pylock.toml"]

  /// The projects at the workspace root, or, if it has none, the projects of each uv root up to three levels below.
  ///
  /// - Returns: nil if nothing is found.
  /// - Throws: `Diagnostic` for a workspace that uv would refuse.
  public func table() throws -> ProjectTable? {
    var directories: [String] = []
    if try isRoot("") {
      directories = [""]
    } else {
      try findRoots(below: "", depth: 0, into: &directories)
    }
    if directories.isEmpty { return nil }
    var roots: [ProjectTable.Root] = []
    var entries: [ProjectTable.Entry] = []
    var requiresPython: [String] = []
    var members: [(document: ProjectDocument, root: Int)] = []
    for directory in directories {
      guard let document = try document(in: directory) else { continue }
      let number = roots.count
      roots.append(
        ProjectTable.Root(
          directory: directory, lockfile: Paths.join(directory, try lockfile(in: directory)),
          isProject: document.project != nil))
      if document.project == nil { members.append((document, number)) }
      members += try UvRoot(files: files, directory: directory, document: document).members().map { ($0, number) }
    }
    // A project with its own lockfile belongs to no other root, even if another project takes it from its path.
    for (member, root) in members { members += try pathSources(of: member).map { ($0, root) } }
    var known: Set<String> = []
    for (member, root) in members where known.insert(member.directory).inserted {
      if let text = member.project?["requires-python"]?.string, !text.isEmpty { requiresPython.append(text) }
      entries.append(
        ProjectTable.Entry(
          directory: member.directory, name: normalizedProjectName(member.project == nil ? "" : member.name ?? ""),
          sourceRoots: try sourceRoots(of: member), root: root))
    }
    if entries.isEmpty { return nil }
    return ProjectTable(roots: roots, entries: entries, requiresPython: Self.intersection(of: requiresPython))
  }

  /// The intersection of some specifiers, as one specifier; none if nothing is required.
  private static func intersection(of texts: [String]) -> [String] {
    var parts: Set<String> = []
    for text in texts { for part in text.split(separator: ",") { parts.insert(part.filter { $0 != " " }) } }
    return parts.isEmpty ? [] : [parts.sorted().joined(separator: ",")]
  }

  /// Whether a directory is a uv workspace, or a project beside a lockfile.
  public func isRoot(_ directory: String) throws -> Bool {
    guard let document = try document(in: directory), document.isManaged else { return false }
    if document.workspace != nil { return true }
    guard document.project != nil else { return false }
    return try Self.lockfiles.contains { try files.isFile(Paths.join(directory, $0)) }
  }

  private func document(in directory: String) throws -> ProjectDocument? {
    let path = Paths.join(directory, "pyproject.toml")
    return try files.read(path).map { try ProjectDocument(parsing: $0, path: path) }
  }

  private func lockfile(in directory: String) throws -> String {
    try Self.lockfiles.first { try files.isFile(Paths.join(directory, $0)) } ?? Self.lockfiles[0]
  }

  private static let skipped: Set<String> = [
    "node_modules", "__pycache__", "build", "dist", "venv", "env", "target", "site-packages", "tests", "testdata",
    "examples",
  ]

  private func findRoots(below directory: String, depth: Int, into found: inout [String]) throws {
    guard depth < 3 else { return }
    for name in try files.directories(in: directory) where !Self.skipped.contains(name) {
      let path = Paths.join(directory, name)
      if try isRoot(path) {
        found.append(path)
      } else {
        try findRoots(below: path, depth: depth + 1, into: &found)
      }
    }
  }

  /// Projects of the workspace that a project uses from a path (`[tool.uv.sources]`).
  private func pathSources(of member: ProjectDocument) throws -> [ProjectDocument] {
    try (member.uv?["sources"]?.object?.members ?? []).flatMap { $0.value.array ?? [$0.value] }.compactMap { source in
      guard let path = source["path"]?.string, !path.hasPrefix("/"),
        let directory = Paths.normalized(Paths.join(member.directory, path)),
        let document = try document(in: directory), document.project != nil
      else { return nil }
      return document
    }
  }

  /// Whether a member uses projects outside a directory, relative to it.
  public static func leadsOutside(_ document: ProjectDocument) -> Bool {
    (document.uv?["sources"]?.object?.members ?? []).flatMap { $0.value.array ?? [$0.value] }.contains { source in
      guard let path = source["path"]?.string, !path.hasPrefix("/") else { return false }
      return Paths.normalized(Paths.join(document.directory, path)) == nil
    }
  }

  /// The directories where imports of a project's code start, from the workspace root.
  private func sourceRoots(of document: ProjectDocument) throws -> [String] {
    let selection = try WheelContents(of: document, files: files)
    var roots = [document.directory] + selection.roots.map { Paths.join(document.directory, $0) }
    // pytest puts the directory of a test without __init__.py on the path.
    let pythonpath = document.pytestOptions?["pythonpath"]
    let paths = pythonpath?.strings ?? pythonpath?.string.map { [$0] } ?? []
    roots += paths.compactMap { Paths.normalized(Paths.join(document.directory, $0)) }
    if !paths.contains(".") {
      for name in ["tests", "test"] {
        let tests = Paths.join(document.directory, name)
        guard let entries = try files.entries(of: tests), !entries.contains(where: { $0.name == "__init__.py" }),
          entries.contains(where: { $0.name.hasSuffix(".py") })
        else { continue }
        roots.append(tests)
      }
    }
    return Set(roots).sorted()
  }
}

extension ProjectDocument {
  /// `[tool.pytest]` or `[tool.pytest.ini_options]`.
  var pytestOptions: JSONValue? {
    let pytest = root["tool"]?["pytest"]
    return pytest?["ini_options"] ?? pytest
  }
}

internal import BuildFiles
internal import JSON

/// The metadata of a project for `importlib.metadata`: the files of its `dist-info`, without building it.
public struct ProjectMetadata: Sendable, Hashable {
  /// As written.
  public let name: String
  /// The version; `0` with a local part where only the build backend could tell.
  public let version: String
  /// Whether only the build backend could compute the version.
  public let isVersionUnknown: Bool
  /// `METADATA`.
  public let metadata: String
  /// `entry_points.txt`; empty where the project has none.
  public let entryPoints: String

  /// The metadata of the project at a directory; nil where its `pyproject.toml` names no project.
  public init?(at directory: String, files: any ProjectFiles) throws {
    let known = KnownFiles(files)
    let path = Paths.join(directory, "pyproject.toml")
    guard let bytes = try known.read(path) else { return nil }
    try self.init(of: try ProjectDocument(parsing: bytes, path: path), known)
  }

  init?(of document: ProjectDocument, _ files: KnownFiles) throws {
    guard let name = document.name else { return nil }
    self.name = name
    let found = try Self.version(of: document, files)
    isVersionUnknown = found == nil
    version = found ?? "0+unknown"
    let project = document.project
    var lines = ["Metadata-Version: 2.1", "Name: \(name)", "Version: \(version)"]
    func add(_ key: String, _ value: String?) {
      // A header is one line.
      if let value, !value.isEmpty {
        lines.append("\(key): \(value.split(whereSeparator: \.isNewline).joined(separator: " "))")
      }
    }
    add("Summary", project?["description"]?.string ?? document.poetry?["description"]?.string)
    add("Requires-Python", project?["requires-python"]?.string)
    for entry in project?["urls"]?.object?.members ?? [] {
      add("Project-URL", entry.value.string.map { "\(entry.name), \($0)" })
    }
    for text in project?["classifiers"]?.strings ?? [] { add("Classifier", text) }
    for text in project?["dependencies"]?.strings ?? [] { add("Requires-Dist", text) }
    for extra in project?["optional-dependencies"]?.object?.members ?? [] {
      let extraName = normalizedProjectName(extra.name)
      add("Provides-Extra", extraName)
      for text in extra.value.strings ?? [] {
        let parts = text.split(separator: ";", maxSplits: 1).map { $0.drop { $0 == " " } }
        let marker = parts.count > 1 ? "(\(parts[1])) and " : ""
        add("Requires-Dist", "\(parts.first ?? "") ; \(marker)extra == '\(extraName)'")
      }
    }
    metadata = lines.joined(separator: "\n") + "\n"
    entryPoints = Self.entryPoints(of: document)
  }

  /// The modules that plug-ins of the project are in: entry points of groups other than scripts.
  static func plugins(of document: ProjectDocument) -> [String] {
    var groups = (document.project?["entry-points"]?.object?.members ?? []).map(\.value)
    groups += (document.poetry?["plugins"]?.object?.members ?? []).map(\.value)
    let values = groups.flatMap { ($0.object?.members ?? []).compactMap(\.value.string) }
    return values.map { String($0.prefix { $0 != ":" && $0 != "[" && $0 != " " }) }
  }

  private static func entryPoints(of document: ProjectDocument) -> String {
    var groups: [(String, JSONValue?)] = [
      ("console_scripts", document.project?["scripts"] ?? document.poetry?["scripts"]),
      ("gui_scripts", document.project?["gui-scripts"]),
    ]
    groups += (document.project?["entry-points"]?.object?.members ?? []).map { ($0.name, $0.value) }
    groups += (document.poetry?["plugins"]?.object?.members ?? []).map { ($0.name, $0.value) }
    var text = ""
    for (group, table) in groups {
      let entries = (table?.object?.members ?? []).compactMap { entry in
        entry.value.string.map { "\(entry.name) = \($0)\n" }
      }
      if !entries.isEmpty { text += "[\(group)]\n" + entries.joined() + "\n" }
    }
    return text
  }

  // MARK: Versions

  /// The version as written, or as a file says it that the backend would read; nil where the backend asks git.
  private static func version(of document: ProjectDocument, _ files: KnownFiles) throws -> String? {
    if let version = document.project?["version"]?.string ?? document.poetry?["version"]?.string { return version }
    let tool = document.root["tool"]
    func text(_ path: String) throws -> String? {
      guard let path = Paths.normalized(Paths.join(document.directory, path)) else { return nil }
      return try files.read(path).map { String(decoding: $0, as: UTF8.self) }
    }
    if let path = tool?["hatch"]?["version"]?["path"]?.string, tool?["hatch"]?["version"]?["source"] == nil {
      return try text(path).flatMap { assignment(of: ["__version__", "VERSION"], in: $0) }
    }
    let dynamic = tool?["setuptools"]?["dynamic"]?["version"]
    if let file = dynamic?["file"]?.string ?? dynamic?["file"]?.strings?.first {
      return try text(file).map { $0.filter { !$0.isWhitespace } }
    }
    if let attribute = dynamic?["attr"]?.string {
      let parts = attribute.split(separator: ".").map(String.init)
      let module = parts.dropLast().joined(separator: "/")
      for root in try WheelContents(of: document, files: files).roots + ["", "src"] {
        for path in ["\(module)/__init__.py", "\(module).py"] {
          if let found = try text(Paths.join(root, path)) { return assignment(of: [parts.last ?? ""], in: found) }
        }
      }
      return nil
    }
    if let path = tool?["pdm"]?["version"]?["path"]?.string {
      return try text(path).flatMap { assignment(of: ["__version__"], in: $0) }
    }
    if document.backend.hasPrefix("flit") {
      for path in try WheelContents(of: document, files: files).included {
        for file in [Paths.join(path, "__init__.py"), path] {
          if let found = try text(file) { return assignment(of: ["__version__"], in: found) }
        }
      }
    }
    return nil
  }

  /// The string that one of some names is set to in a Python file.
  static func assignment(of names: [String], in text: String) -> String? {
    for line in text.split(whereSeparator: \.isNewline) {
      guard let name = names.first(where: { line.hasPrefix($0) }) else { continue }
      var rest = line.dropFirst(name.count).drop { $0 == " " }
      // `__version__: str = "1"`
      if rest.hasPrefix(":") { rest = rest.drop { $0 != "=" } }
      guard rest.hasPrefix("=") else { continue }
      rest = rest.dropFirst().drop { $0 == " " }
      guard let quote = rest.first, quote == "\"" || quote == "'" else { continue }
      let value = rest.dropFirst().prefix { $0 != quote }
      return value.isEmpty ? nil : String(value.hasPrefix("v") ? value.dropFirst() : value)
    }
    return nil
  }

  /// Differs where anything that `importlib.metadata` says differs.
  var fingerprint: String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in (metadata + "\0" + entryPoints).utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return String(hash, radix: 16)
  }
}

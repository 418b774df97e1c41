internal import BuildFiles
internal import Digests
internal import Glibc
internal import JSON
internal import SystemSupport
internal import TOML
internal import Workspace

/// Which files configure a tool for the files of a directory. Each configuration file is read once in a run.
final class ToolConfigurations {
  /// What configures a tool in a directory.
  struct Setting: Sendable, Hashable {
    /// The directory of the nearest configuration, from the workspace root; the root where there is none.
    var home: String
    /// Whether the workspace configures the tool here at all.
    var isConfigured: Bool
    /// Whether a configuration says which Python the code is for.
    var namesPython: Bool
    /// Stands for all that configures the tool.
    var digest: SHA256Digest
  }

  /// The workspace root with a slash behind.
  private let top: String
  private let files: FileTable
  private var settings: [CodeTool: [String: Setting]] = [:]
  private var texts: [String: [UInt8]?] = [:]
  private var names: [String: [String]] = [:]
  /// Every place that was looked at, from the workspace root: for whoever wants to know later whether it has changed.
  private(set) var places: Set<String> = []

  init(root: FilePath, files: FileTable) {
    top = root.string + "/"
    self.files = files
  }

  /// The setting of a tool for the files of a directory.
  func setting(of tool: CodeTool, in directory: String) -> Setting {
    if let known = settings[tool]?[directory] { return known }
    let above = directory.isEmpty ? nil : setting(of: tool, in: Paths.parent(directory))
    var setting = above ?? Setting(home: "", isConfigured: false, namesPython: false, digest: SHA256Digest.of([]))
    var encoder = CanonicalEncoder()
    encoder.append(setting.digest)
    var isMeant = false
    for name in tool.configurationFiles {
      let path = Paths.join(directory, name)
      guard let bytes = text(at: path) else { continue }
      let text = String(decoding: bytes, as: UTF8.self)
      let own = tool.isMeant(name, text)
      let table = name.hasSuffix(".toml") ? Self.table(bytes) : nil
      if name == "pyproject.toml", let table {
        // The rest of the file is about other things.
        let part = Self.part(of: table, for: tool)
        if own || part.python != nil { encoder.append("\(path) \(part.text)") }
        if tool == .ruff, part.python != nil { setting.namesPython = true }
      } else if own || name == "pyproject.toml" {
        encoder.append(path)
        encoder.append(bytes)
      }
      guard own else { continue }
      if !isMeant { setting.namesPython = table?["project"]?["requires-python"] != nil }
      isMeant = true
      if tool == .ruff, let table { readRuff(table, name: name, directory: directory, &setting, &encoder) }
    }
    if isMeant {
      setting.home = directory
      setting.isConfigured = true
    }
    if tool == .ruff || tool == .isort || tool == .pylint {
      // What is first-party depends on which modules there are.
      if isMeant || directory.isEmpty {
        for base in [directory, Paths.join(directory, "src")] { encoder.append(strings: moduleNames(in: base)) }
      }
      encoder.append(files.file(at: Paths.join(directory, "__init__.py")) != nil)
    }
    setting.digest = encoder.digest
    settings[tool, default: [:]][directory] = setting
    return setting
  }

  /// What `extend`, `src` and `target-version` of ruff's configuration lead to.
  private func readRuff(
    _ table: JSONValue, name: String, directory: String, _ setting: inout Setting, _ encoder: inout CanonicalEncoder
  ) {
    var options = name == "pyproject.toml" ? table["tool"]?["ruff"] : table
    var place = directory
    var seen: Set<String> = []
    while let current = options {
      if current["target-version"] != nil { setting.namesPython = true }
      for source in current["src"]?.strings ?? [] {
        guard let path = Paths.normalized(Paths.join(place, source)) else { continue }
        encoder.append(strings: moduleNames(in: path))
      }
      options = nil
      guard let extended = current["extend"]?.string else { break }
      // A path out of the workspace is read as well: what it says counts.
      let path = extended.hasPrefix("/") ? extended : Paths.normalized(Paths.join(place, extended)) ?? ""
      guard !path.isEmpty, seen.insert(path).inserted, let bytes = text(at: path) else {
        setting.namesPython = true
        break
      }
      encoder.append(path)
      encoder.append(bytes)
      place = Paths.parent(path)
      options = Self.table(bytes)
      if Paths.lastComponent(path) == "pyproject.toml" { options = options?["tool"]?["ruff"] }
    }
  }

  /// The Python modules and packages directly in a directory.
  private func moduleNames(in directory: String) -> [String] {
    if let known = names[directory] { return known }
    var found: [String] = []
    if let id = files.directory(at: directory) {
      found += files.directories(in: id).map { Paths.lastComponent(files.path(of: $0)) }
      for file in files.files(in: id) {
        let name = files.name(of: file)
        if name.hasSuffix(".py") || name.hasSuffix(".pyi") { found.append(name) }
      }
      found.sort()
    }
    names[directory] = found
    return found
  }

  /// The bytes of a file, by a path from the workspace root or an absolute one; nil where it cannot be read.
  func text(at path: String) -> [UInt8]? {
    if let known = texts[path] { return known }
    places.insert(path)
    let full = path.hasPrefix("/") ? path : top + path
    // Most do not exist: asking that first makes no error of it. A file that cannot be read configures nothing; the tool
    // says what it thinks of it.
    let bytes = full.withCString({ access($0, R_OK) }) == 0 ? try? FileSystem.read(FilePath(full)) : nil
    texts[path] = .some(bytes)
    return bytes
  }

  private static func table(_ bytes: [UInt8]) -> JSONValue? {
    // What is no TOML is for the tool to complain about; its bytes count as they are.
    (try? TOMLDocument(parsing: bytes)).map { .object($0.root) }
  }

  /// What `pyproject.toml` says to a tool.
  private static func part(of table: JSONValue, for tool: CodeTool) -> (text: String, python: String?) {
    var sections = [table["tool"]?[tool.rawValue] ?? .null]
    if tool == .basedpyright { sections.append(table["tool"]?["pyright"] ?? .null) }
    let python = table["project"]?["requires-python"]?.string
    let text = JSONValue.array(sections + [python.map { .string($0) } ?? .null]).text()
    return (text, python)
  }
}

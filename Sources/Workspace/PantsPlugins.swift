internal import BuildFiles
internal import SystemPackage
internal import SystemSupport

extension Workspace {
  /// The names of the target types and fields that the git repository's own Pants plugins define.
  ///
  /// Pants imports the plugins to learn them (`[GLOBAL] pythonpath`). Kilt starts no Python: it searches for the line
  /// in which a class of a target type or field states its name, `alias = "…"`.
  ///
  /// - Throws: `SystemCallError` for a file that cannot be read.
  func pluginNames(in files: FileTable) throws -> Set<String> {
    var names: Set<String> = []
    for file in pluginFiles(in: files) { Self.collect(try read(files.path(of: file)), &names) }
    for path in pluginPathsElsewhere(in: files) { try collectNames(in: root.appending(path), depth: 0, &names) }
    return names
  }

  /// The files of plugins that are files of the workspace.
  public func pluginFiles(in files: FileTable) -> [FileID] {
    configuration.pluginPaths.compactMap { $0.isEmpty ? nil : files.directory(at: $0) }
      .flatMap { files.subtree(of: $0) }.flatMap { files.files(in: $0) }
      .filter { files.name(of: $0).hasSuffix(".py") }
  }

  /// Whether a file belongs to a plugin, even a deleted file.
  public func isPluginFile(_ path: String) -> Bool {
    path.hasSuffix(".py") && configuration.pluginPaths.contains { !$0.isEmpty && path.hasPrefix($0 + "/") }
  }

  /// The directories of plugins outside the workspace, because they are ignored or above its root: their changes are
  /// unknown.
  public func pluginPathsElsewhere(in files: FileTable) -> [String] {
    configuration.pluginPaths.filter {
      !$0.isEmpty && files.directory(at: $0) == nil && FileSystem.exists(root.appending($0))
    }
  }

  private static func collect(_ bytes: [UInt8], _ names: inout Set<String>) {
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      if let name = alias(in: line) { names.insert(name) }
    }
  }

  private func collectNames(in directory: FilePath, depth: Int, _ names: inout Set<String>) throws {
    let entries: [DirectoryEntry]
    do throws(SystemCallError) {
      entries = try FileSystem.list(directory)
    } catch {
      // Pants accepts missing search paths as well.
      if error.isMissing { return }
      throw error
    }
    for entry in entries where entry.isValidName {
      let path = directory.appending(entry.name)
      switch entry.kind {
      case .directory where depth < 16 && !entry.name.hasPrefix("."):
        try collectNames(in: path, depth: depth + 1, &names)
      case .file where entry.name.hasSuffix(".py"):
        Self.collect(try FileSystem.read(path), &names)
      default: continue
      }
    }
  }

  /// The string in `alias = "…"` or `alias: ClassVar[str] = "…"`; nil for any other line.
  static func alias(in line: some StringProtocol) -> String? {
    let text = line.drop { $0 == " " || $0 == "\t" }
    guard text.hasPrefix("alias"), let equals = text.firstIndex(of: "=") else { return nil }
    guard let after = text.dropFirst(5).first, after == " " || after == ":" || after == "=" else { return nil }
    let value = text[text.index(after: equals)...].drop { $0 == " " }
    guard let quote = value.first, quote == "\"" || quote == "'" else { return nil }
    let name = value.dropFirst().prefix { $0 != quote }
    let isName = name.allSatisfy { $0 == "_" || $0.isASCII && ($0.isLetter || $0.isNumber) }
    return isName && !name.isEmpty ? String(name) : nil
  }
}

// PythonProjects: the Python projects of a workspace as their pyproject.toml files describe them: the directories that
// are members of a uv workspace, the files of each wheel, and the resulting targets. Reads no files itself.

/// The files of a workspace, as the search for projects asks for them. Paths are from the workspace root.
public protocol ProjectFiles {
  /// Returns the bytes of a file; nil if no file exists there.
  func read(_ path: String) throws -> [UInt8]?
  /// Returns the entries of a directory; nil if no directory exists there.
  func entries(of directory: String) throws -> [ProjectEntry]?
}

/// An entry of a directory.
public struct ProjectEntry: Sendable, Hashable {
  public var name: String
  public var isDirectory: Bool

  public init(name: String, isDirectory: Bool) {
    self.name = name
    self.isDirectory = isDirectory
  }
}

/// The answers so far of a search, so that nothing is asked twice. Used by one thread.
final class KnownFiles {
  private let files: any ProjectFiles
  private var listings: [String: [ProjectEntry]?] = [:]
  /// The files that were read, in order.
  private(set) var readPaths: [String] = []
  private var texts: [String: [UInt8]?] = [:]

  init(_ files: any ProjectFiles) { self.files = files }

  func read(_ path: String) throws -> [UInt8]? {
    if let known = texts[path] { return known }
    let bytes = try files.read(path)
    if bytes != nil { readPaths.append(path) }
    texts[path] = .some(bytes)
    return bytes
  }

  func entries(of directory: String) throws -> [ProjectEntry]? {
    if let known = listings[directory] { return known }
    let found = try files.entries(of: directory)?.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    listings[directory] = .some(found)
    return found
  }

  func isDirectory(_ path: String) throws -> Bool { try entries(of: path) != nil }

  func isFile(_ path: String) throws -> Bool {
    let slash = path.lastIndex(of: "/")
    let parent = slash.map { String(path[..<$0]) } ?? ""
    let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
    return try entries(of: parent)?.contains { $0.name == name && !$0.isDirectory } ?? false
  }

  /// Names of the directories in a directory, hidden ones left out.
  func directories(in directory: String) throws -> [String] {
    (try entries(of: directory) ?? []).filter { $0.isDirectory && !$0.name.hasPrefix(".") }.map(\.name)
  }
}

internal import BuildFiles

/// The facts about the projects of a workspace that every run needs: directories, names, source roots. The rest is read
/// from their `pyproject.toml` when targets are created.
public struct ProjectTable: Sendable {
  /// A uv workspace, or a single project, with a lockfile of its own.
  public struct Root: Sendable, Hashable {
    /// From the workspace root.
    public var directory: String
    /// From the workspace root; it need not exist yet.
    public var lockfile: String
    /// Whether `pyproject.toml` of the directory has `[project]`.
    public var isProject: Bool

    public init(directory: String, lockfile: String, isProject: Bool) {
      self.directory = directory
      self.lockfile = lockfile
      self.isProject = isProject
    }

    /// Whether the lockfile is one of uv, which knows the projects by name.
    public var isUv: Bool { lockfile.hasSuffix("uv.lock") }
  }

  /// A project.
  public struct Entry: Sendable, Hashable {
    /// From the workspace root.
    public var directory: String
    /// In the form in which indexes compare names; empty for a uv root without `[project]`.
    public var name: String
    /// The directories where imports of its code start, from the workspace root.
    public var sourceRoots: [String]
    /// The place of its root among the roots.
    public var root: Int

    public init(directory: String, name: String, sourceRoots: [String], root: Int) {
      self.directory = directory
      self.name = name
      self.sourceRoots = sourceRoots
      self.root = root
    }
  }

  public let roots: [Root]
  /// By directory.
  public let entries: [Entry]
  /// The requirements of all projects on the interpreter, as written.
  public let requiresPython: [String]
  private let byDirectory: [String: Int]
  private let byName: [String: [Int]]

  public init(roots: [Root], entries: [Entry], requiresPython: [String]) {
    self.roots = roots
    let sorted = entries.sorted { $0.directory.utf8.lexicographicallyPrecedes($1.directory.utf8) }
    self.entries = sorted
    self.requiresPython = requiresPython
    byDirectory = Dictionary(sorted.indices.map { (sorted[$0].directory, $0) }, uniquingKeysWith: { $1 })
    byName = Dictionary(grouping: sorted.indices) { sorted[$0].name }
  }

  /// The project of exactly this directory.
  public func entry(at directory: String) -> Entry? { byDirectory[directory].map { entries[$0] } }

  /// The projects of a name, normalized or not.
  public func entries(named name: String) -> [Entry] {
    name.isEmpty ? [] : (byName[normalizedProjectName(name)] ?? []).map { entries[$0] }
  }

  /// The nearest project at or above a directory.
  public func entry(above directory: String) -> Entry? {
    var current = directory
    while true {
      if let entry = entry(at: current) { return entry }
      if current.isEmpty { return nil }
      current = Paths.parent(current)
    }
  }

  /// The root whose lockfile a directory's code uses: the root of the nearest project.
  public func root(of directory: String) -> Root? { entry(above: directory).map { roots[$0.root] } }

  /// Directories of projects inside another project's directory, not below a further one.
  public func nested(in directory: String) -> [String] {
    entries.map(\.directory).filter { $0 != directory && Paths.contains(directory, $0) }
  }

  /// A text that differs if the projects differ: part of the inputs of the saved state.
  public var identity: String {
    var parts = roots.map { "\($0.directory) \($0.lockfile) \($0.isProject)" }
    parts += entries.map { "\($0.directory) \($0.name) \($0.sourceRoots.joined(separator: ":")) \($0.root)" }
    return (parts + requiresPython).joined(separator: "\n")
  }
}

extension ProjectTable: CustomDebugStringConvertible {
  public var debugDescription: String { identity }
}

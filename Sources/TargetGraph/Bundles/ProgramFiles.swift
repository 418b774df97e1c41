internal import BuildFiles
internal import Diagnostics
internal import PythonImports
internal import Workspace

/// The files that a program sees: the same for `kilt package`, `run`, `repl`, `test` and `python_distribution`.
///
/// A program sees the Python files and resources of its targets, and every `__init__.py` and `__init__.pyi` beside and
/// above them, up to the source root. Blank ones are not dependencies, but they make directories Python packages:
/// without them, data is not found and a package of the same name elsewhere wins.
public struct ProgramFiles: Sendable {
  /// A file of the workspace that a program sees.
  public struct File: Sendable, Hashable {
    /// Why a program sees a file.
    public enum Kind: Sendable, Hashable {
      case source, resource
      /// An `__init__.py` or `__init__.pyi` that is here for the files below.
      case package
    }

    /// The path from the workspace root.
    public var path: String
    /// The source root; nil for a file in none.
    public var root: String?
    public var kind: Kind
    /// The path from the source root, where programs import or find the file.
    public var place: String { root.map { Paths.relative(path, to: $0) } ?? path }
    /// Whether the file is Python source.
    public var isPython: Bool { kind != .resource }
  }

  /// By path.
  public private(set) var files: [File] = []

  /// The files of these targets; targets of types other than Python files and resources have none.
  ///
  /// - Throws: the errors of the resolver when it reads files.
  public init(_ targets: some Sequence<TargetID>, _ resolver: DependencyResolver) throws {
    let graph = resolver.graph
    var found: [String: File] = [:]
    var directories: Set<String> = []
    for id in targets {
      let kind: File.Kind
      switch graph.type(of: id) {
      case .pythonSource, .pythonTest: kind = .source
      case .resource: kind = .resource
      default: continue
      }
      guard let file = graph.file(of: id) else { continue }
      let path = graph.files.path(of: file)
      if kind == .resource, found[path] != nil { continue }
      let directory = Paths.parent(path)
      found[path] = File(path: path, root: graph.sourceRoots.root(of: directory), kind: kind)
      directories.insert(directory)
    }
    for path in try resolver.packageFiles(inAndAbove: directories) where found[path] == nil {
      found[path] = File(path: path, root: graph.sourceRoots.root(of: Paths.parent(path)), kind: .package)
    }
    files = found.values.sorted { $0.path < $1.path }
  }

  /// The source roots of the files.
  public var roots: Set<String> { Set(files.compactMap(\.root)) }

  /// The files by path, one for each.
  ///
  /// - Parameters:
  ///   - read: returns the bytes of a file of the workspace, for files that share a path.
  ///   - user: the target of the program.
  ///   - isExempt: whether files of a path can differ.
  /// - Throws: `Diagnostic` if files of one path differ; the errors of `read`.
  public func byPlace(
    for user: Target, exempting isExempt: (File) -> Bool = { _ in false }, read: (String) throws -> [UInt8]
  ) throws -> [File] {
    var found: [String: File] = [:]
    for file in files {
      guard let other = found[file.place] else {
        found[file.place] = file
        continue
      }
      if isExempt(file) { continue }
      guard try read(file.path) == read(other.path) else { throw Self.conflict(other, file, user) }
    }
    return found.values.sorted { $0.place < $1.place }
  }

  private static func conflict(_ first: File, _ second: File, _ user: Target) -> Diagnostic {
    func text(_ file: File) -> String {
      "\"\(file.path)\" is in the source root \"\(file.root.map { "/" + $0 } ?? "")\""
    }
    return Diagnostic(
      .input, "two files of \"\(user.address)\" have the same path \"\(first.place)\" in the bundle",
      at: user.declaration.site.location(), notes: [text(first), text(second)],
      remedies: [
        "rename one of the files, or move it to a directory with another name",
        "run `kilt paths --from \(user.address) --to FILE` to see why each of them is needed",
      ])
  }
}

extension DependencyResolver {
  /// The `__init__.py` and `__init__.pyi` files in directories and above them, up to their source roots, unless
  /// `init_files` excludes them from programs.
  ///
  /// - Throws: the errors of the sources.
  public func packageFiles(inAndAbove directories: some Sequence<String>) throws -> [String] {
    let choice = graph.configuration.inference.packedInitFiles
    if choice == .never { return [] }
    var found: [String] = []
    var seen: Set<String> = []
    for start in directories {
      guard let root = graph.sourceRoots.root(of: start) else { continue }
      var directory = start
      while seen.insert(directory).inserted {
        if let id = graph.files.directory(at: directory) {
          for file in graph.files.packageFiles(in: id) {
            if choice == .contentOnly, try imports(of: file).isBlank { continue }
            found.append(graph.files.path(of: file))
          }
        }
        if directory == root || directory.isEmpty { break }
        directory = Paths.parent(directory)
      }
    }
    return found
  }
}

internal import Actions
public import BuildFiles
internal import ContentStore
internal import Diagnostics
public import Digests
public import SystemSupport
public import TargetGraph
internal import Workspace

/// A file that was built from targets, and its path for code that needs it.
public struct PlacedFile: Sendable, Hashable {
  /// From the root of the tree that the code sees.
  public var treePath: String
  /// The file.
  public var path: FilePath
  public var digest: SHA256Digest
  public var isExecutable: Bool

  public init(treePath: String, path: FilePath, digest: SHA256Digest, isExecutable: Bool) {
    self.treePath = treePath
    self.path = path
    self.digest = digest
    self.isExecutable = isExecutable
  }
}

/// The generated inputs of code in a tree of files: outputs of commands, products, the wheels of the workspace's own
/// distributions.
public struct GeneratedFiles: Sendable {
  /// By path in the tree.
  public private(set) var files: [PlacedFile] = []
  /// The source roots of generated Python files.
  public private(set) var sourceRoots: Set<String> = []
  public private(set) var wheels: [LocalWheel] = []
  /// The files of the workspace that make packages of the directories of generated files, by path from the root.
  public fileprivate(set) var packageFiles: Set<String> = []

  /// No files.
  public init() {}

  public var isEmpty: Bool { files.isEmpty && wheels.isEmpty }

  /// Whether a file is in one of the wheels, and so not needed beside them.
  ///
  /// - Parameter path: from the workspace root.
  public func provides(_ path: String, roots: some Sequence<String>) -> Bool {
    guard !provided.isEmpty else { return false }
    return roots.contains { Paths.contains($0, path) && provided.contains(Paths.relative(path, to: $0)) }
  }

  private var provided: Set<String> = []
  private var byPath: [String: PlacedFile] = [:]

  mutating func add(_ inputs: ActionInputs, _ store: ContentStore) throws {
    for path in inputs.tree.paths {
      guard case .file(let content, let isExecutable)? = inputs.tree[path] else { continue }
      let file = PlacedFile(
        treePath: path, path: inputs.place(of: content, in: store), digest: content.digest,
        isExecutable: isExecutable)
      if let other = byPath.updateValue(file, forKey: path), other.digest != file.digest {
        throw FileTreeError.conflict(path)
      }
    }
    files = byPath.values.sorted { $0.treePath < $1.treePath }
  }

  mutating func add(sourceRoot: String) { sourceRoots.insert(sourceRoot) }

  mutating func add(_ wheel: LocalWheel) {
    wheels.append(wheel)
    provided.formUnion(wheel.members)
  }
}

extension TargetBuilder {
  /// Whether code that depends on a target needs generated files.
  public static func isMade(_ target: Target) -> Bool {
    isGenerated(target) || target.type == .archive || target.type == .pythonDistribution
  }

  /// Whether a target represents files that are not in the workspace in this form: outputs of a command, or files at
  /// other paths.
  public static func isGenerated(_ target: Target) -> Bool {
    switch target.type {
    case .shellCommand, .adhocTool, .relocatedFiles, .wrapAsFiles, .wrapAsResources, .wrapAsPythonSources: true
    default: false
    }
  }

  /// Builds the files that code needs from some targets.
  ///
  /// - Parameters:
  ///   - projects: those of its closure that name Python projects, whose metadata it sees.
  ///   - made: those of its closure for which ``isMade(_:)`` is true.
  ///   - packages: the targets whose products it uses at run time.
  ///   - user: the code, for messages.
  public func made(
    _ made: [TargetID], packages: [TargetID] = [], projects: [TargetID] = [], for user: Address
  ) throws -> GeneratedFiles {
    var parts = GeneratedFiles()
    for wheel in try projectWheels(in: projects) { parts.add(wheel) }
    let wanted =
      made.map { ($0, isPackage: graph[$0].type == .archive) }
      + packages.flatMap { graph[$0].isGenerator ? graph.generated(by: $0) : [$0] }.map { ($0, isPackage: true) }
    let all = try each(wanted) { id, isPackage in
      if graph[id].type == .pythonDistribution, !isPackage {
        return Made.wheel(try localWheel(of: id, for: user))
      }
      return Made.files(try isPackage ? package(of: id).files : files(of: id))
    }
    for ((id, _), made) in zip(wanted, all) {
      switch made {
      case .wheel(let wheel): parts.add(wheel)
      case .files(let files):
        try parts.add(files, store)
        guard graph[id].type == .wrapAsPythonSources || graph[id].type == .wrapAsResources else { continue }
        parts.packageFiles.formUnion(try resolver.packageFiles(inAndAbove: files.tree.paths.map { Paths.parent($0) }))
        guard graph[id].type == .wrapAsPythonSources else { continue }
        for path in files.tree.paths {
          if let root = graph.sourceRoots.root(of: Paths.parent(path)) { parts.add(sourceRoot: root) }
        }
      }
    }
    return parts
  }

  private enum Made {
    case files(ActionInputs)
    case wheel(LocalWheel)
  }
}

internal import BuildCommands
public import BuildFiles
public import TargetGraph
internal import Workspace

/// A file of the tree that a test or a program sees.
public struct TreeFile: Sendable, Hashable {
  /// The path in the tree.
  public var treePath: String
  /// The path from the workspace root.
  public var path: String
}

/// What the targets of a closure come to: files, requirements, source roots.
public struct ClosureParts {
  /// By path in the tree.
  public var files: [TreeFile] = []
  /// By text.
  public var requirements: [(text: String, address: Address)] = []
  /// The source roots of the Python files, from the workspace root.
  public var sourceRoots: Set<String> = []
  /// The targets of which something has to be made first, in the order of the closure.
  public var made: [TargetID] = []

  /// - Parameter target: what the closure is of: its resolve is the one that all of it must have.
  /// - Throws: `Diagnostic` for a dependency of another resolve.
  public init(_ closure: [TargetID], of target: Target, in resolver: DependencyResolver) throws {
    let graph = resolver.graph
    var found: [String: String] = [:]
    var texts: [String: Address] = [:]
    for id in closure {
      let part = graph[id]
      try graph.checkResolve(of: part, in: target)
      switch part.type {
      case .pythonSource, .pythonTest:
        guard let file = part.file else { continue }
        let path = graph.files.path(of: file)
        found[path] = path
        guard let root = graph.sourceRoots.root(of: Paths.parent(path)) else { continue }
        sourceRoots.insert(root)
        Self.addInitFiles(above: path, root: root, graph, &found)
      case .resource, .file:
        guard let file = part.file else { continue }
        let path = graph.files.path(of: file)
        found[path] = path
      case .pythonRequirement:
        for text in part.strings(of: "requirements") { texts[text] = part.address }
      default:
        if TargetBuilder.isMade(part) { made.append(id) }
      }
    }
    files = found.map { TreeFile(treePath: $0.key, path: $0.value) }.sorted { $0.treePath < $1.treePath }
    requirements = texts.map { (text: $0.key, address: $0.value) }.sorted { $0.text < $1.text }
  }

  /// As in Pants, the `__init__.py` files above a file are always there, even those that are no dependency because
  /// they are blank: without them, a file would be imported under another name.
  private static func addInitFiles(
    above path: String, root: String, _ graph: TargetGraph, _ found: inout [String: String]
  ) {
    var directory = Paths.parent(path)
    while true {
      let path = Paths.join(directory, "__init__.py")
      if found[path] == nil, graph.files.file(at: path) != nil { found[path] = path }
      if directory == root || directory.isEmpty { return }
      directory = Paths.parent(directory)
    }
  }
}

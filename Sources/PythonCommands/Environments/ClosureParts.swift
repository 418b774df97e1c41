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

/// The contents of a closure's targets: files, requirements, source roots.
public struct ClosureParts {
  /// By path in the tree.
  public var files: [TreeFile] = []
  /// By text.
  public var requirements: [(text: String, address: Address)] = []
  /// The source roots of the Python files, from the workspace root.
  public var sourceRoots: Set<String> = []
  /// The targets that have to be built first, in the order of the closure.
  public var made: [TargetID] = []
  /// The requirements on Python projects of the workspace, whose metadata the code sees.
  public var projects: [TargetID] = []

  /// - Parameter target: the root of the closure: all of it must have its resolve.
  /// - Throws: `Diagnostic` for a dependency of another resolve.
  public init(_ closure: [TargetID], of target: Target, in resolver: DependencyResolver) throws {
    let graph = resolver.graph
    try resolver.checkProjects(of: closure)
    try graph.checkResolveIsDefined(of: target)
    let program = try ProgramFiles(closure, resolver)
    // pytest loads fixtures by their paths, so they do not conflict.
    _ = try program.byPlace(for: target, exempting: { Paths.lastComponent($0.path) == "conftest.py" }) {
      try resolver.read($0)
    }
    var found = Set(program.files.map(\.path))
    var texts: [String: Address] = [:]
    for id in closure {
      let part = graph[id]
      try graph.checkResolve(of: part, in: target)
      switch part.type {
      case .file: if let file = part.file { found.insert(graph.files.path(of: file)) }
      case .pythonRequirement:
        if part.declaration.typeName == TargetType.projectDependencies { projects.append(id) }
        for text in part.strings(of: "requirements") { texts[text] = part.address }
      default: if TargetBuilder.isMade(part) { made.append(id) }
      }
    }
    files = found.map { TreeFile(treePath: $0, path: $0) }.sorted { $0.treePath < $1.treePath }
    requirements = texts.map { (text: $0.key, address: $0.value) }.sorted { $0.text < $1.text }
    sourceRoots = Set(program.files.filter(\.isPython).compactMap(\.root))
  }
}

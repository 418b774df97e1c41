import BuildFiles
import Diagnostics
import Starlark
import TargetGraph
import Workspace

/// A workspace of texts: no disk is touched.
struct GraphFixture: GraphSources {
  var texts: [String: String]
  var configuration = WorkspaceConfiguration()

  init(_ texts: [String: String], configuration: WorkspaceConfiguration = WorkspaceConfiguration()) {
    self.texts = texts
    self.configuration = configuration
  }

  func read(_ path: String) throws -> [UInt8] {
    guard let text = texts[path] else { throw Diagnostic(.input, "no \(path)") }
    return Array(text.utf8)
  }

  func graph() throws -> TargetGraph {
    let evaluator = try BuildFileEvaluator(options: .init(read: { try read($0) }))
    let packages = try texts.keys.filter { Paths.lastComponent($0) == "BUILD" }.sorted().map { path in
      try evaluator.evaluate(
        directory: Paths.parent(path), files: [SourceFile(name: path, bytes: Array((texts[path] ?? "").utf8))])
    }
    let (resolved, errors) = BuildDirectory.resolve(packages)
    guard errors.isEmpty else { throw DiagnosticList(errors.map(\.diagnostic)) }
    return try TargetGraph(
      files: FileTable(paths: texts.keys), configuration: configuration,
      sourceRoots: SourceRoots(patterns: configuration.sourceRoots), packages: resolved, sources: self)
  }

  func resolver() throws -> DependencyResolver { DependencyResolver(graph: try graph(), sources: self) }
}

extension DependencyResolver {
  /// The target that a spec names.
  func id(_ spec: String) throws -> TargetID {
    let found = try graph.select([try Spec(parsing: spec)])
    guard let first = found.first else { throw Diagnostic(.input, "nothing selected by \(spec)") }
    return first
  }

  func names(_ ids: [TargetID]) -> [String] { graph.sortedByAddress(ids).map { graph.address(of: $0).description } }

  /// The dependencies of the target that a spec names.
  func dependencies(_ spec: String) throws -> [String] { names(try dependencies(of: try id(spec))) }
}

/// What is said about an error.
func message(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "no error"
  } catch {
    return DiagnosticRenderer(color: false).render(error)
  }
}

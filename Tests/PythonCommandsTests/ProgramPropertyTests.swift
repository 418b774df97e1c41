import Actions
import BuildFiles
import ContentStore
import SystemSupport
import TargetGraph
import Testing
import Workspace

@testable import BuildCommands
@testable import PythonCommands

/// What runs in tests runs in the bundle: every verb sees the same files of a program.
@Suite struct ProgramPropertyTests {
  /// A file where a program imports it.
  private struct Placed: Hashable, CustomStringConvertible {
    var place: String
    var path: String
    var description: String { "\(place) (\(path))" }
  }

  private static func placed(_ paths: some Sequence<String>, _ graph: TargetGraph) -> Set<Placed> {
    Set(
      paths.map { path in
        let root = graph.sourceRoots.root(of: Paths.parent(path))
        return Placed(place: root.map { Paths.relative(path, to: $0) } ?? path, path: path)
      })
  }

  /// The names that Python can import of files, with the kind of thing behind them: what pkgutil would list.
  private static func names(_ files: Set<Placed>) -> Set<String> {
    var found: Set<String> = []
    let places = Set(files.map(\.place))
    for place in places where place.hasSuffix(".py") {
      var module = place.dropLast(3).split(separator: "/").joined(separator: ".")
      if module == "__init__" { continue }
      if module.hasSuffix(".__init__") { module = "package " + module.dropLast(9) }
      found.insert(module)
      var directory = Paths.parent(place)
      while !directory.isEmpty {
        let kind = places.contains(directory + "/__init__.py") ? "package " : "namespace "
        found.insert(kind + directory.split(separator: "/").joined(separator: "."))
        directory = Paths.parent(directory)
      }
    }
    return found
  }

  @Test("Package, run, repl, test and distribution see the same files", arguments: 0..<60)
  func sameFiles(_ seed: Int) throws {
    let random = try RandomWorkspace(seed: UInt64(seed))
    let workspace = try Workspace.find(from: random.root)
    let graph = try TargetGraph.load(workspace, state: try WorkspaceState(of: workspace, isUsed: false))
    let resolver = DependencyResolver(graph: graph, sources: workspace)
    func id(_ name: String) throws -> TargetID { try #require(graph.target(named: name), "\(name)") }
    let bundle = Set(
      try resolver.bundlePlan(for: try id("one/app:bin")).files.map { Placed(place: $0.bundlePath, path: $0.path) })
    #expect(bundle == Self.placed(bundle.map(\.path), graph))
    // run and repl
    let main = try id("one/app/main.py:lib")
    let closure = try resolver.buildDependencies(of: [main]) + [main]
    let parts = try ClosureParts(closure, of: graph[main], in: resolver)
    let run = Self.placed(parts.files.map(\.path), graph)
    #expect(run == bundle)
    // test: what it has besides is its own file
    let test = try TestPlanner(resolver).plan(try id("one/app/test_main.py:tests"))
    let seen = Self.placed(test.files.map(\.path).filter { $0 != "one/app/test_main.py" }, graph)
    #expect(seen == bundle)
    // distribution
    let cache = random.root.appending(".cache")
    let store = ContentStore(root: cache)
    let builder = TargetBuilder(
      workspace: workspace, resolver: resolver, store: store, runner: ActionRunner(store: store))
    let plan = try builder.distributionPlan(try id("//:dist"))
    let distribution = Self.placed(plan.modules.tree.paths + plan.resources.tree.paths, graph)
    #expect(distribution == bundle)
    let all = [bundle, run, seen, distribution].map(Self.names)
    #expect(Set(all).count == 1)
    // Every package file above a file is there.
    for file in bundle {
      var directory = Paths.parent(file.path)
      while directory.contains("/") {
        let path = directory + "/__init__.py"
        if random.files[path] != nil { #expect(bundle.contains { $0.path == path }, "\(path)") }
        directory = Paths.parent(directory)
      }
    }
  }
}

import BuildFiles
import Diagnostics
import StarlarkSyntax
import SystemPackage
import SystemSupport
import TargetGraph
import Testing
import Workspace

@testable import Tailor

/// A workspace in a temporary folder.
final class TailorFixture {
  let root: FilePath

  init(_ texts: [String: String], configuration: String = "[workspace]\n") throws {
    root = try FileSystem.canonicalPath(FileSystem.makeTemporaryDirectory(prefix: "kilt-tailor"))
    try write("kilt.toml", configuration)
    for (path, text) in texts { try write(path, text) }
  }

  deinit {
    do { try FileSystem.removeTree(root) } catch { Issue.record("the scratch folder stays: \(error)") }
  }

  func write(_ path: String, _ text: String) throws {
    let place = root.appending(path)
    try FileSystem.createDirectories(place.removingLastComponent())
    try FileSystem.write(text: text, to: place)
  }

  func read(_ path: String) throws -> String { try FileSystem.readText(root.appending(path)) }

  func workspace() throws -> Workspace { try Workspace.find(from: root) }

  func resolver() throws -> DependencyResolver {
    let workspace = try workspace()
    return DependencyResolver(graph: try TargetGraph.load(workspace), sources: workspace)
  }

  /// What would be added.
  func proposals(_ specs: [String] = ["::"]) throws -> TargetProposals {
    let graph = try resolver().graph
    let directories = try graph.files.directories(selectedBy: specs.map { try Spec(parsing: $0) })
    return try TargetProposals(try workspace(), graph, directories: directories)
  }

  /// Adds what is missing; gives the proposals.
  @discardableResult
  func tailor(_ specs: [String] = ["::"]) throws -> TargetProposals {
    let proposals = try proposals(specs)
    try ChangeJournal(try workspace()).carryOut(proposals.changes)
    return proposals
  }

  /// What would be mended.
  func mending(_ specs: [String] = ["::"]) throws -> DependencyMending {
    let resolver = try resolver()
    let directories = try resolver.graph.files.directories(selectedBy: specs.map { try Spec(parsing: $0) })
    return try DependencyMending(try workspace(), resolver, directories: directories)
  }

  /// Mends; what targets depend on afterwards, and a second run, are checked by the caller.
  @discardableResult
  func mend(_ specs: [String] = ["::"]) throws -> DependencyMending {
    let mending = try mending(specs)
    try ChangeJournal(try workspace()).carryOut(mending.changes)
    return mending
  }

  /// All dependencies, by address.
  func dependencies() throws -> [String: [String]] {
    let resolver = try resolver()
    var found: [String: [String]] = [:]
    for id in resolver.graph.allTargets {
      found[resolver.graph.name(of: id)] = resolver.expandingGenerators(try resolver.dependencies(of: id)).map {
        resolver.graph.name(of: $0)
      }
    }
    return found
  }
}

/// A BUILD file before and after mending; the code that it belongs to is the same in all.
struct MendedFile {
  /// `a.py` imports `lib.x` and `lib.y`; `b.py` imports nothing.
  static let code = [
    "app/a.py": "import lib.x\nimport lib.y\n", "app/b.py": "", "lib/x.py": "", "lib/y.py": "", "lib/z.py": "",
    "lib/BUILD": "python_sources()\n",
  ]

  var before: String
  var after: String
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

import BuildFiles
import Diagnostics
import SystemSupport
import TargetGraph
import Testing
import Workspace

/// The example monorepo of this repository, from disk.
@Suite struct ExampleRepositoryTests {
  func load() throws -> DependencyResolver {
    let path = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
    let workspace = try Workspace.find(from: path.appending("BUILD-examples"))
    return DependencyResolver(graph: try TargetGraph.load(workspace), sources: workspace)
  }

  @Test func theServiceInTheStyleOf2017ReachesWhatItNeeds() throws {
    let resolver = try load()
    let plan = try resolver.bundlePlan(for: try resolver.id("services/fiddler:server"))
    #expect(plan.artifact == "fiddler_server")
    #expect(plan.entryPoint == .module("services.fiddler.server", function: "main"))
    #expect(plan.resolve == "default")
    let files = Set(plan.files.map(\.bundlePath))
    #expect(files.contains("services/fiddler/constants.yaml"))
    #expect(files.contains("services/fiddler/app.py"))
    #expect(files.contains("lib/auth/tokens.py"))
    #expect(!files.contains("services/fiddler/app_test.py"))
    #expect(
      Set(plan.requirements.map(\.name)).isSuperset(of: ["bottle", "pymemcache", "pyyaml", "requests", "waitress"]))
  }

  @Test func everyTargetResolvesWithoutAWarning() throws {
    let resolver = try load()
    try resolver.resolveAll()
    try resolver.checkCycles(from: resolver.graph.allTargets)
    #expect(try resolver.warnings().map(\.summary) == [])
    let binaries = try resolver.binaries(among: [try resolver.id("//:deployables")])
    #expect(
      resolver.names(binaries) == [
        "services/eightball:server", "services/fiddler:server", "tools/igorctl:igorctl", "workers/igor:worker",
      ])
    let worker = try resolver.bundlePlan(for: try resolver.id("workers/igor:worker"))
    #expect(worker.files.filter { $0.path.hasPrefix("workers/igor/jobs/") }.count == 11)
  }

  @Test func aLibraryKnowsItsDependents() throws {
    let resolver = try load()
    let found = resolver.names(try resolver.dependents(of: [try resolver.id("lib/auth/tokens.py")], depth: .transitive))
    #expect(found.contains("services/fiddler:server"))
    #expect(found.contains("//:deployables"))
    #expect(!found.contains("lib/memcache_utils/cache.py"))
  }
}

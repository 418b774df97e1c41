internal import BuildFiles
internal import Diagnostics
internal import SystemSupport
public import TargetGraph
internal import Workspace

/// Computes the needs of test files. Used by one thread.
public struct TestPlanner {
  private let resolver: DependencyResolver
  private var graph: TargetGraph { resolver.graph }

  public init(_ resolver: DependencyResolver) { self.resolver = resolver }

  /// The tests among targets, and those that plain `target`s and generators among them represent, in the order of
  /// addresses; tests with `skip_tests` are separate.
  public func tests(among ids: [TargetID]) throws -> (run: [TargetID], skipped: [TargetID]) {
    var found: Set<TargetID> = []
    var seen: Set<TargetID> = []
    var pending = ids
    while let id = pending.popLast() {
      guard seen.insert(id).inserted else { continue }
      switch graph[id].type {
      case .pythonTest: found.insert(id)
      case .pythonTests: pending += graph.generated(by: id)
      case .target: pending += try resolver.dependencies(of: id)
      default: continue
      }
    }
    let sorted = graph.sortedByAddress(Array(found))
    func isSkipped(_ id: TargetID) -> Bool { graph[id].value(of: "skip_tests").bool ?? false }
    return (sorted.filter { !isSkipped($0) }, sorted.filter(isSkipped))
  }

  /// The needs of one test.
  ///
  /// - Throws: `Diagnostic` for a dependency of another resolve, or a file outside all source roots.
  public func plan(_ id: TargetID) throws -> TestPlan {
    let target = graph[id]
    guard target.type == .pythonTest, let file = target.file else {
      throw Diagnostic(
        .input, "cannot test \"\(target.address)\": \(target.typeName) targets have no tests",
        at: target.declaration.site.location())
    }
    try graph.checkEnvironment(of: id)
    let packages = try graph.targets(inField: "runtime_package_dependencies", of: target)
    let closure = try closure(of: id, without: Set(packages))
    let parts = try ClosureParts(closure, of: target, in: resolver)
    let path = graph.files.path(of: file)
    let own = graph.sourceRoots.root(of: Paths.parent(path))
    let roots = parts.sourceRoots.filter { $0 != own }.sorted()
    return TestPlan(
      target: id, address: target.address, file: path, files: parts.files, requirements: parts.requirements,
      sourceRoots: (own.map { [$0] } ?? []) + roots,
      lockfile: graph.lockfile(of: target), interpreterConstraints: graph.interpreterConstraints(of: target),
      timeout: try seconds(target), environment: target.strings(of: "extra_env_vars"),
      workers: target.value(of: "xdist_concurrency").int.map { Int($0) }, made: parts.made, projects: parts.projects,
      packages: packages)
  }

  private func seconds(_ target: Target) throws -> Int? {
    guard let value = target.value(of: "timeout").int else { return nil }
    guard let seconds = Int(exactly: value), seconds > 0 else {
      throw Diagnostic(
        .input, "the timeout of \"\(target.address)\" is not a positive number of seconds",
        at: target.declaration.site.location(field: "timeout"))
    }
    return seconds
  }

  /// The test and all its transitive dependencies; products that it needs at run time are built, without their
  /// dependencies.
  private func closure(of id: TargetID, without packages: Set<TargetID>) throws -> [TargetID] {
    guard !packages.isEmpty else { return try resolver.buildDependencies(of: [id]) + [id] }
    let direct = try resolver.dependencies(of: id).filter { !packages.contains($0) }
    let reached = Set(try resolver.buildDependencies(of: direct) + direct)
    // The test's own exclusions hold for all of it.
    return try resolver.buildDependencies(of: [id]).filter(reached.contains) + [id]
  }
}

internal import BuildFiles
public import ContentStore
internal import Diagnostics
internal import PythonPackaging
public import TargetGraph
public import Workspace

/// The packages of lockfiles to which targets resolve on this machine, without fetching any of them.
public struct PackageListing {
  private let resolver: DependencyResolver
  private let wheels: PlatformWheels

  public init(workspace: Workspace, resolver: DependencyResolver, store: ContentStore) {
    self.resolver = resolver
    wheels = PlatformWheels(workspace, store: store)
  }

  /// The packages, each as `name==version`, sorted.
  ///
  /// - Throws: `Diagnostic` for a requirement that its lockfile lacks.
  public func packages(of ids: [TargetID]) throws -> [String] {
    let graph = resolver.graph
    var found: Set<String> = []
    var seen: Set<[String]> = []
    for id in ids {
      let target = graph[id]
      let requirements = try (resolver.buildDependencies(of: [id]) + [id]).filter {
        graph.type(of: $0) == .pythonRequirement
      }.flatMap { part in graph[part].strings(of: "requirements").map { (text: $0, address: graph.address(of: part)) } }
      let texts = Set(requirements.map(\.text)).sorted()
      let lockfile = graph.lockfile(of: target)
      guard !texts.isEmpty, seen.insert([lockfile ?? ""] + texts).inserted else { continue }
      guard let lockfile else { throw wheels.noLockfile(for: texts[0], of: target.address) }
      let constraints = graph.interpreterConstraints(of: target)
      let packages = try wheels.lockedPackages(
        of: requirements, lockfile: lockfile, on: try wheels.target(constraints), for: target.address)
      found.formUnion(packages.map { $0.version.isEmpty ? $0.name.text : "\($0.name)==\($0.version)" })
    }
    return found.sorted()
  }
}

internal import BuildFiles
public import ContentStore
internal import Diagnostics
internal import PythonPackaging
public import TargetGraph
public import Workspace

/// Finds the reason why a module, a file or a wheel is in the product of a target: the shortest path to it.
public struct InclusionExplainer {
  private let workspace: Workspace
  private let resolver: DependencyResolver
  private let wheels: PlatformWheels

  /// An explainer over the targets of a resolver.
  public init(workspace: Workspace, resolver: DependencyResolver, store: ContentStore) {
    self.workspace = workspace
    self.resolver = resolver
    wheels = PlatformWheels(workspace, store: store)
  }

  /// One step of a way.
  public struct Step: Sendable, Hashable {
    /// The kind of thing: `target` for one of the workspace, `wheel` for a package of the lockfile.
    public enum Kind: String, Sendable { case target, wheel }
    public var kind: Kind
    /// The address, or the package with its version: `idna 3.10`.
    public var name: String
    /// The module, for a target that is a Python file.
    public var module: String?
  }

  /// The shortest path from a target to the meaning of a name: an address, a file, a dotted module, a package of the
  /// lockfile.
  ///
  /// - Throws: `Diagnostic` if the name has no meaning.
  public func path(from start: TargetID, to name: String) throws -> [Step] {
    let graph = resolver.graph
    let tree = try ShortestPaths(from: start, resolver)
    // If several things have that name, the nearest is meant.
    if let id = tree.reached.first(where: { matches($0, name) }) { return tree.path(to: id).map { step($0) } }
    if let found = try throughLock(start, name, tree) { return found }
    var near = tree.reached.flatMap { id in [module(of: id), graph.address(of: id).description].compactMap { $0 } }
    near += try packages(start).map(\.name.text)
    throw Diagnostic(
      .input, "\"\(graph.address(of: start))\" does not include \"\(name)\"",
      notes: ["the target does not depend on a module, file, target or package with this name"],
      remedies: Suggestions.remedy(for: name, among: Array(Set(near)).sorted()).map { [$0] } ?? [])
  }

  // MARK: Names

  private func matches(_ id: TargetID, _ name: String) -> Bool {
    let target = resolver.graph[id]
    if target.address.description == name || module(of: id) == name { return true }
    if let file = target.file, resolver.graph.files.path(of: file) == name { return true }
    guard target.type == .pythonRequirement, let wanted = PackageName(name) else { return false }
    return requirements(of: id).contains { $0.name == wanted }
  }

  private func module(of id: TargetID) -> String? {
    guard let file = resolver.graph[id].file, resolver.graph[id].type.isPythonSource else { return nil }
    return resolver.graph.moduleName(ofFile: resolver.graph.files.path(of: file))
  }

  private func step(_ id: TargetID) -> Step {
    Step(kind: .target, name: resolver.graph.address(of: id).description, module: module(of: id))
  }

  private func requirements(of id: TargetID) -> [Requirement] {
    // An invalid requirement cannot be in a lockfile; packaging reports it.
    resolver.graph[id].strings(of: "requirements").compactMap { try? Requirement($0) }
  }

  // MARK: The lock

  private func packages(_ start: TargetID) throws -> [LockedPackage] {
    guard resolver.graph[start].type == .pexBinary else { return [] }
    return try wheels.lockedPackages(for: try resolver.bundlePlan(for: start))
  }

  /// The way over the requirement from which a package of the lock is nearest.
  private func throughLock(_ start: TargetID, _ name: String, _ tree: ShortestPaths) throws -> [Step]? {
    // The file name of a wheel is also accepted.
    let text = WheelFileName(name).map(\.name.text) ?? name
    guard let wanted = PackageName(text), resolver.graph[start].type == .pexBinary else { return nil }
    let plan = try resolver.bundlePlan(for: start)
    var best: [Step]?
    for id in tree.reached where resolver.graph[id].type == .pythonRequirement {
      let way = tree.path(to: id).map { step($0) }
      if let best, way.count >= best.count { break }
      for requirement in requirements(of: id) {
        guard let chain = try wheels.path(from: requirement, to: wanted, for: plan) else { continue }
        let whole = way + chain.dropFirst().map { Step(kind: .wheel, name: "\($0.name) \($0.version)") }
        if whole.count < best?.count ?? .max { best = whole }
      }
    }
    return best
  }
}

internal import BuildFiles
internal import Snapshot
internal import Workspace

/// The targets that have changed: in the declarations of their BUILD files and the configuration, and in their
/// dependencies. The caller compares files.
public struct TargetComparison {
  /// Targets that are new, are declared otherwise, or depend on other targets directly.
  public private(set) var changed: Set<TargetID> = []
  /// Targets that others see differently without a change of their own: files that other files make packages of, and
  /// generators that generate more.
  public private(set) var besides: Set<TargetID> = []
  /// Targets that are gone, by name.
  public private(set) var gone: Set<String> = []

  private let old: DependencyResolver
  private let new: DependencyResolver
  private var packageFiles: [String: Bool] = [:]

  /// - Parameters:
  ///   - old: over the former targets.
  ///   - new: over the current targets.
  /// - Throws: the errors of the new resolver. An old target with invalid dependencies counts as changed.
  public init(_ old: DependencyResolver, _ new: DependencyResolver) throws {
    self.old = old
    self.new = new
    try new.resolveAll()
    var known: [String: TargetID] = [:]
    for id in old.graph.allTargets { known[old.graph.name(of: id)] = id }
    let isElsewhere = Self.settings(of: old.graph) != Self.settings(of: new.graph)
    for id in new.graph.allTargets {
      guard let other = known.removeValue(forKey: new.graph.name(of: id)) else {
        changed.insert(id)
        continue
      }
      try compare(other, id)
      if isElsewhere, new.graph.type(of: id).isPackage || new.graph.type(of: id) == .pythonTest { changed.insert(id) }
    }
    gone = Set(known.keys)
  }

  /// The part of the configuration that applies to all products and tests.
  private static func settings(of graph: TargetGraph) -> [String] {
    [graph.configuration.pythonVersion ?? "", "\(graph.configuration.isForPants)"]
  }

  private mutating func compare(_ before: TargetID, _ id: TargetID) throws {
    let (first, second) = (old.graph, new.graph)
    if first.store.targets[before.index].attributes != second.store.targets[id.index].attributes
      || Self.surroundings(of: before, in: first) != Self.surroundings(of: id, in: second)
    {
      changed.insert(id)
      return
    }
    let now = Set(try new.dependencies(of: id).map { second.name(of: $0) })
    let then: Set<String>
    do {
      then = Set(try old.dependencies(of: before).map { first.name(of: $0) })
    } catch {
      // Its former problem no longer exists.
      changed.insert(id)
      return
    }
    if now != then {
      if second.isGenerator(id), then.isSubset(of: now) { besides.insert(id) } else { changed.insert(id) }
    } else if let file = second.file(of: id), try packageFilesDiffer(in: Paths.parent(second.files.path(of: file))) {
      besides.insert(id)
    }
  }

  /// The configuration's values for one target.
  private static func surroundings(of id: TargetID, in graph: TargetGraph) -> [String] {
    let target = graph[id]
    let root = target.file.map { graph.sourceRoots.root(of: Paths.parent(graph.files.path(of: $0))) ?? "none" }
    return [graph.resolve(of: target) ?? "", graph.lockfile(of: target) ?? "", root ?? ""]
      + graph.interpreterConstraints(of: target)
  }

  private mutating func packageFilesDiffer(in directory: String) throws -> Bool {
    if let known = packageFiles[directory] { return known }
    let differ = try old.packageFiles(inAndAbove: [directory]) != new.packageFiles(inAndAbove: [directory])
    packageFiles[directory] = differ
    return differ
  }
}

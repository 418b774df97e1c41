import Diagnostics

extension Lockfile {
  /// The packages that some requirements need on a target, with their transitive dependencies, by name.
  ///
  /// A requirement can name any package of the lockfile, even one that is present only because another package needs
  /// it.
  ///
  /// - Parameters:
  ///   - requirements: the needed packages; the lockfile has settled their versions, and their markers count.
  ///   - path: the lockfile's, for messages.
  /// - Throws: ``LockError``.
  public func subset(
    of requirements: [Requirement], for target: PythonPlatform, path: String
  ) throws(LockError) -> [LockedPackage] {
    try check(target, path: path)
    // Extras and groups that exclude each other are in markers of their own (uv): which of them are asked for is known
    // only when the edges have been followed.
    var environment = environment(of: target)
    while true {
      var walk = LockWalk(self, environment, target, path)
      for requirement in requirements { try walk.start(at: requirement) }
      try walk.finish()
      // More names can only open more edges, so this ends.
      guard let known = environment.conflictNames, !walk.conflictNames.isSubset(of: known) else {
        return walk.chosen.values.filter { $0 < packages.count }.map { packages[$0] }.sorted { $0.name < $1.name }
      }
      environment.conflictNames = known.union(walk.conflictNames)
    }
  }

  /// Whether the lockfile supports a target.
  func check(_ target: PythonPlatform, path: String) throws(LockError) {
    guard requiresPython.contains(target.version, preReleases: true) else {
      throw .wrongPython(target: target.description, requires: requiresPython.description, path: path)
    }
    let environment = environment(of: target)
    guard environments.isEmpty || environments.contains(where: { $0.evaluate(in: environment) }) else {
      throw .wrongPlatform(target: target.description, platforms: environments.map(\.description), path: path)
    }
    let isForPlatform = platforms.contains { name in
      guard let platform = WheelPlatform(name: name) else { return false }
      let other = MarkerEnvironment.cPython(target.version, on: platform)
      return [MarkerVariable.sysPlatform, .platformMachine].allSatisfy { other[$0] == target.environment[$0] }
    }
    guard platforms.isEmpty || isForPlatform else {
      throw .wrongPlatform(target: target.description, platforms: platforms, path: path)
    }
  }

  /// The environment in which markers of the lockfile are evaluated.
  func environment(of target: PythonPlatform) -> MarkerEnvironment {
    var environment = target.environment
    environment.extras = extras
    environment.dependencyGroups = dependencyGroups
    if hasConflicts { environment.conflictNames = [] }
    return environment
  }

  /// The package that a requirement means, with the extras that are asked for; nil when it is not for this target.
  func root(
    _ requirement: Requirement, _ environment: MarkerEnvironment, _ target: PythonPlatform, path: String,
    _ byName: [PackageName: [Int]]
  ) throws(LockError) -> (index: Int, extras: [String])? {
    guard requirement.marker?.evaluate(in: environment) ?? true else { return nil }
    if let index = members.firstIndex(where: { $0.name == requirement.name }) {
      // Requests of other projects to a member do not count here.
      return (packages.count + index, requirement.extras)
    }
    guard let candidates = byName[requirement.name] else {
      let near = Suggestions.nearest(to: requirement.name.text, among: byName.keys.map(\.text).sorted())
      throw .notLocked(name: requirement.name.text, path: path, suggestions: near)
    }
    let edges = roots.filter { $0.name == requirement.name }
    let holding = edges.filter { $0.marker?.evaluate(in: environment) ?? true }
    // A root whose marker does not hold here is not for this target, as pip would say of it.
    if !edges.isEmpty, holding.isEmpty { return nil }
    guard let index = choose(requirement.name, holding.first?.version, candidates, environment) else {
      throw .notForTarget(name: requirement.name.text, target: target.description, path: path)
    }
    return (index, requirement.extras + holding.flatMap(\.extras))
  }

  /// Of the versions of a package, the one for a target.
  func choose(
    _ name: PackageName, _ version: String?, _ candidates: [Int], _ environment: MarkerEnvironment
  ) -> Int? {
    if let version {
      return candidates.first { node($0).version == version } ?? candidates.first { $0 >= packages.count }
    }
    if candidates.count == 1 { return candidates[0] }
    return candidates.first { node($0).marker?.evaluate(in: environment) ?? true }
  }

  /// A package by its place, members after the packages.
  func node(_ index: Int) -> LockedPackage {
    index < packages.count ? packages[index] : members[index - packages.count]
  }

  /// The places of all packages and members, by name.
  var nodesByName: [PackageName: [Int]] {
    Dictionary(grouping: 0..<(packages.count + members.count)) { node($0).name }
  }
}

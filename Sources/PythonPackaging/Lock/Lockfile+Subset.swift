import Diagnostics

extension Lockfile {
  /// The packages that some requirements need on a target, with all that these need in turn, by name.
  ///
  /// A requirement may name any package of the lock, also one that is there only because another needs it.
  ///
  /// - Parameters:
  ///   - requirements: what is needed; their versions were settled when the lock was made, their markers count.
  ///   - path: the lockfile's, for messages.
  /// - Throws: ``LockError``.
  public func subset(
    of requirements: [Requirement], for target: PythonTarget, path: String
  ) throws(LockError) -> [LockedPackage] {
    try check(target, path: path)
    let environment = environment(of: target)
    let left = Set(excludes)
    let byName = Dictionary(grouping: packages.indices) { packages[$0].name }
    var chosen: [PackageName: Int] = [:]
    /// The extras of a package that were followed already; "" stands for the package itself.
    var followed = Set<String>()
    var pending: [(package: Int, extra: String)] = []

    func enqueue(_ index: Int, extras: [String]) {
      chosen[packages[index].name] = index
      for extra in [""] + extras where followed.insert("\(index) \(extra)").inserted {
        pending.append((index, extra))
      }
    }
    func follow(_ edge: LockedDependency, of package: LockedPackage) throws(LockError) {
      guard edge.marker?.evaluate(in: environment) ?? true, !left.contains(edge.name.text) else { return }
      guard byName[edge.name] != nil else {
        throw .missingDependency(name: edge.name.text, of: package.title, target: target.description, path: path)
      }
      guard let index = choose(edge.name, edge.version, byName[edge.name] ?? [], environment) else {
        throw .notForTarget(name: edge.name.text, target: target.description, path: path)
      }
      enqueue(index, extras: edge.extras)
    }

    for requirement in requirements {
      guard let (index, extras) = try root(requirement, environment, target, path: path, byName) else { continue }
      enqueue(index, extras: extras)
    }
    while let (index, extra) = pending.popLast() {
      let package = packages[index]
      for edge in extra.isEmpty ? package.dependencies : package.extras[extra] ?? [] { try follow(edge, of: package) }
    }
    return chosen.values.map { packages[$0] }.sorted { $0.name < $1.name }
  }

  /// Whether the lock is good for a target at all.
  func check(_ target: PythonTarget, path: String) throws(LockError) {
    guard requiresPython.contains(target.version, preReleases: true) else {
      throw .wrongPython(target: target.description, requires: requiresPython.description, path: path)
    }
    let environment = environment(of: target)
    guard environments.isEmpty || environments.contains(where: { $0.evaluate(in: environment) }) else {
      throw .wrongPlatform(target: target.description, platforms: environments.map(\.description), path: path)
    }
    let isForPlatform = platforms.contains { name in
      guard let platform = TargetPlatform(name: name) else { return false }
      let other = MarkerEnvironment.cPython(target.version, on: platform)
      return [MarkerVariable.sysPlatform, .platformMachine].allSatisfy { other[$0] == target.environment[$0] }
    }
    guard platforms.isEmpty || isForPlatform else {
      throw .wrongPlatform(target: target.description, platforms: platforms, path: path)
    }
  }

  /// What markers of the lock are evaluated in.
  func environment(of target: PythonTarget) -> MarkerEnvironment {
    var environment = target.environment
    environment.extras = extras
    environment.dependencyGroups = dependencyGroups
    return environment
  }

  /// The package that a requirement means, with the extras that are asked for; nil when it is not for this target.
  func root(
    _ requirement: Requirement, _ environment: MarkerEnvironment, _ target: PythonTarget, path: String,
    _ byName: [PackageName: [Int]]
  ) throws(LockError) -> (index: Int, extras: [String])? {
    guard requirement.marker?.evaluate(in: environment) ?? true else { return nil }
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

  /// Of the versions of a package, the one that is meant on a target.
  func choose(
    _ name: PackageName, _ version: String?, _ candidates: [Int], _ environment: MarkerEnvironment
  ) -> Int? {
    if let version { return candidates.first { packages[$0].version == version } }
    if candidates.count == 1 { return candidates[0] }
    return candidates.first { packages[$0].marker?.evaluate(in: environment) ?? true }
  }
}

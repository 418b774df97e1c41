extension Lockfile {
  /// The shortest chain of packages from one of the requirements to a package, both ends included; nil when no
  /// requirement leads there on the target.
  ///
  /// - Parameter requirements: in the order in which they are tried; of chains of one length the first's is taken.
  /// - Throws: ``LockError`` as ``subset(of:for:path:)`` does.
  public func shortestPath(
    from requirements: [Requirement], to name: PackageName, for target: PythonTarget, path: String
  ) throws(LockError) -> [LockedPackage]? {
    let chosen = Dictionary(
      try subset(of: requirements, for: target, path: path).map { ($0.name, $0) },
      uniquingKeysWith: { first, _ in first })
    var parents: [PackageName: PackageName?] = [:]
    var extras: [PackageName: Set<String>] = [:]
    var level: [PackageName] = []
    for requirement in requirements where chosen[requirement.name] != nil {
      extras[requirement.name, default: []].formUnion(requirement.extras)
      if parents.updateValue(nil, forKey: requirement.name) == nil { level.append(requirement.name) }
    }
    while !level.isEmpty, parents[name] == nil {
      var next: [PackageName] = []
      for parent in level {
        guard let package = chosen[parent] else { continue }
        let edges = package.dependencies + (extras[parent] ?? []).sorted().flatMap { package.extras[$0] ?? [] }
        for edge in edges where edge.marker?.evaluate(in: target.environment) ?? true {
          extras[edge.name, default: []].formUnion(edge.extras)
          guard chosen[edge.name] != nil, parents[edge.name] == nil else { continue }
          parents[edge.name] = .some(parent)
          next.append(edge.name)
        }
      }
      level = next
    }
    guard parents[name] != nil else { return nil }
    var chain: [LockedPackage] = []
    var current: PackageName? = name
    while let package = current {
      if let locked = chosen[package] { chain.append(locked) }
      current = parents[package] ?? nil
    }
    return chain.reversed()
  }
}

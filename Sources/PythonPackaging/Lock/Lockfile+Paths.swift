extension Lockfile {
  /// The shortest chain of packages from one of the requirements to a package, both ends included; nil if no
  /// requirement leads to it on the target.
  ///
  /// - Parameter requirements: in the order of trials; of chains of equal length, the chain of the first is used.
  /// - Throws: ``LockError`` as ``subset(of:for:path:)`` does.
  public func shortestPath(
    from requirements: [Requirement], to name: PackageName, for target: PythonPlatform, path: String
  ) throws(LockError) -> [LockedPackage]? {
    let chosen = Dictionary(
      try subset(of: requirements, for: target, path: path).map { ($0.name, $0) },
      uniquingKeysWith: { first, _ in first })
    // Chains can lead through projects of the workspace, which are not installed from the lockfile.
    let through = Dictionary(members.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    func package(_ name: PackageName) -> LockedPackage? { chosen[name] ?? through[name] }
    let environment = environment(of: target)
    // An extra is a separate node: it can be requested after the package was reached without it.
    var parents: [ChainLink: ChainLink?] = [:]
    var level: [ChainLink] = []
    func reach(_ name: PackageName, _ extras: [String], from parent: ChainLink?, _ level: inout [ChainLink]) {
      for extra in (extras.contains(Self.onlyGroups) ? [] : [""]) + extras {
        let link = ChainLink(name: name, extra: extra)
        if parents[link] == nil {
          parents[link] = .some(parent)
          level.append(link)
        }
      }
    }
    let byName = nodesByName
    for requirement in requirements where package(requirement.name) != nil {
      guard let (_, extras) = try root(requirement, environment, target, path: path, byName) else { continue }
      reach(requirement.name, extras, from: nil, &level)
    }
    var last: ChainLink?
    while last == nil, !level.isEmpty {
      last = level.first { $0.name == name }
      var next: [ChainLink] = []
      for link in level where last == nil {
        guard let locked = package(link.name) else { continue }
        for edge in link.extra.isEmpty ? locked.dependencies : locked.extras[link.extra] ?? []
        where package(edge.name) != nil && edge.marker?.evaluate(in: environment) ?? true {
          reach(edge.name, edge.extras, from: link, &next)
        }
      }
      level = next
    }
    guard last != nil else { return nil }
    var chain: [LockedPackage] = []
    while let link = last {
      if let locked = package(link.name), chain.last?.name != link.name { chain.append(locked) }
      last = parents[link] ?? nil
    }
    return chain.reversed()
  }
}

/// A package in a chain, or one of its extras.
private struct ChainLink: Hashable {
  var name: PackageName
  /// Empty for the package itself.
  var extra: String
}

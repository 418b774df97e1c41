extension Lockfile {
  /// The packages to which a requirement can resolve on any platform, with their transitive dependencies: markers are
  /// ignored.
  ///
  /// Two lockfiles with equal closures of a requirement give it the same wheels everywhere.
  ///
  /// - Parameters:
  ///   - name: the required project.
  ///   - extras: the names in the requirement's brackets.
  public func closure(of name: PackageName, extras: [String]) -> LockClosure {
    let byName = nodesByName
    let edges = members.contains { $0.name == name } ? [] : roots.filter { $0.name == name }
    var followed: Set<LockClosure.Node> = []
    var pending: [LockClosure.Node] = []
    func enqueue(_ edge: LockedDependency) {
      for index in byName[edge.name] ?? []
      where edge.version.map({ $0 == node(index).version || index >= packages.count }) ?? true {
        for extra in (edge.extras.contains(Self.onlyGroups) ? [] : [""]) + edge.extras {
          let place = LockClosure.Node(package: index, extra: extra)
          if followed.insert(place).inserted { pending.append(place) }
        }
      }
    }
    enqueue(LockedDependency(name: name, extras: extras))
    for edge in edges { enqueue(edge) }
    while let place = pending.popLast() {
      let package = node(place.package)
      for edge in place.extra.isEmpty ? package.dependencies : package.extras[place.extra] ?? [] { enqueue(edge) }
    }
    // For a project of the workspace, only the requested parts count: its code is not in the lockfile.
    let reached = followed.map { place in
      var package = node(place.package)
      if place.package >= packages.count {
        package.extras = package.extras.filter { $0.key == place.extra }
        if !place.extra.isEmpty { package.dependencies = [] }
      }
      return package
    }
    return LockClosure(roots: Set(edges), packages: Set(reached))
  }
}

/// The result of a requirement in a lockfile, for comparison.
public struct LockClosure: Hashable, Sendable {
  struct Node: Hashable {
    var package: Int
    /// Empty for the package itself.
    var extra: String
  }

  /// The lockfile's resolution of the requirement itself.
  public var roots: Set<LockedDependency>
  /// The packages.
  public var packages: Set<LockedPackage>
}

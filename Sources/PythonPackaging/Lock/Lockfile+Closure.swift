extension Lockfile {
  /// The packages that a requirement may come to on any platform, with all that these may need in turn: markers are not looked at.
  ///
  /// Two locks in which a requirement has equal closures give it the same wheels everywhere.
  ///
  /// - Parameters:
  ///   - name: the required project.
  ///   - extras: what the requirement names in brackets.
  public func closure(of name: PackageName, extras: [String]) -> LockClosure {
    let byName = Dictionary(grouping: packages.indices) { packages[$0].name }
    let edges = roots.filter { $0.name == name }
    var followed: Set<LockClosure.Node> = []
    var pending: [LockClosure.Node] = []
    func enqueue(_ edge: LockedDependency) {
      for index in byName[edge.name] ?? [] where edge.version.map({ $0 == packages[index].version }) ?? true {
        for extra in [""] + edge.extras {
          let node = LockClosure.Node(package: index, extra: extra)
          if followed.insert(node).inserted { pending.append(node) }
        }
      }
    }
    enqueue(LockedDependency(name: name, extras: extras))
    for edge in edges { enqueue(edge) }
    while let node = pending.popLast() {
      let package = packages[node.package]
      for edge in node.extra.isEmpty ? package.dependencies : package.extras[node.extra] ?? [] { enqueue(edge) }
    }
    return LockClosure(roots: Set(edges), packages: Set(followed.map { packages[$0.package] }))
  }
}

/// What a requirement comes to in a lock, for comparison.
public struct LockClosure: Hashable, Sendable {
  struct Node: Hashable {
    var package: Int
    /// Empty for the package itself.
    var extra: String
  }

  /// How the lock settled the requirement itself.
  public var roots: Set<LockedDependency>
  /// The packages.
  public var packages: Set<LockedPackage>
}

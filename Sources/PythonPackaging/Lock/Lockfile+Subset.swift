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
    guard requiresPython.contains(target.version, preReleases: true) else {
      throw .wrongPython(target: target.description, requires: requiresPython.description, path: path)
    }
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
    func follow(_ edge: LockedDependency) throws(LockError) {
      guard edge.marker?.evaluate(in: target.environment) ?? true else { return }
      guard let index = choose(edge.name, edge.version, byName[edge.name] ?? [], target) else {
        throw .notForTarget(name: edge.name.text, target: target.description, path: path)
      }
      enqueue(index, extras: edge.extras)
    }

    for requirement in requirements where requirement.marker?.evaluate(in: target.environment) ?? true {
      guard let candidates = byName[requirement.name] else {
        let near = Suggestions.nearest(to: requirement.name.text, among: byName.keys.map(\.text).sorted())
        throw .notLocked(name: requirement.name.text, path: path, suggestions: near)
      }
      let edges = roots.filter { $0.name == requirement.name }
      let holding = edges.filter { $0.marker?.evaluate(in: target.environment) ?? true }
      // A root whose marker does not hold here is not for this target, as pip would say of it.
      if !edges.isEmpty, holding.isEmpty { continue }
      let version = holding.first?.version
      guard let index = choose(requirement.name, version, candidates, target) else {
        throw .notForTarget(name: requirement.name.text, target: target.description, path: path)
      }
      enqueue(index, extras: requirement.extras + holding.flatMap(\.extras))
    }
    while let (index, extra) = pending.popLast() {
      let package = packages[index]
      for edge in extra.isEmpty ? package.dependencies : package.extras[extra] ?? [] { try follow(edge) }
    }
    return chosen.values.map { packages[$0] }.sorted { $0.name < $1.name }
  }

  /// Of the versions of a package, the one that is meant on a target.
  private func choose(
    _ name: PackageName, _ version: String?, _ candidates: [Int], _ target: PythonTarget
  ) -> Int? {
    if let version { return candidates.first { packages[$0].version == version } }
    if candidates.count == 1 { return candidates[0] }
    return candidates.first { packages[$0].marker?.evaluate(in: target.environment) ?? true }
  }
}

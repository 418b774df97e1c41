extension DependencyResolver {
  /// The ways from one target to another along dependencies, shortest first, none through a target twice.
  ///
  /// - Parameter limit: the most ways that are listed; there can be exponentially many.
  public func paths(from start: TargetID, to end: TargetID, limit: Int = 1000) throws -> [[TargetID]] {
    // Only targets from which the end is reached can be on a way.
    let reached = try transitiveDependencies(of: [start]) + [start]
    var onTheWay: Set<TargetID> = [end]
    var grew = true
    while grew {
      grew = false
      for id in reached where !onTheWay.contains(id) {
        if try dependencies(of: id).contains(where: onTheWay.contains) {
          onTheWay.insert(id)
          grew = true
        }
      }
    }
    guard onTheWay.contains(start) else { return [] }
    var found: [[TargetID]] = []
    var level: [[TargetID]] = [[start]]
    // Breadth first gives the shortest ways first; the bound on a level keeps a dense graph from using up memory.
    while !level.isEmpty, found.count < limit {
      var next: [[TargetID]] = []
      for path in level {
        guard let last = path.last else { continue }
        if last == end {
          found.append(path)
          if found.count == limit { break }
          continue
        }
        for dependency in try dependencies(of: last) where onTheWay.contains(dependency) && !path.contains(dependency) {
          if next.count < 100 * limit { next.append(path + [dependency]) }
        }
      }
      level = next
    }
    return found
  }
}

internal import TargetGraph

/// The shortest paths along dependencies from one target to all its transitive dependencies.
struct ShortestPaths {
  /// The targets, nearest first; the start itself is the first.
  private(set) var reached: [TargetID]
  private var parents: [TargetID: TargetID] = [:]

  /// Searches breadth first; of ways of one length the first in the order of the graph counts.
  init(from start: TargetID, _ resolver: DependencyResolver) throws {
    reached = [start]
    var level = [start]
    var seen: Set<TargetID> = [start]
    while !level.isEmpty {
      try resolver.readImports(of: level)
      var next: [TargetID] = []
      for id in level {
        for dependency in try resolver.dependencies(of: id) where seen.insert(dependency).inserted {
          parents[dependency] = id
          next.append(dependency)
        }
      }
      reached += next
      level = next
    }
  }

  /// The way from the start to a target that is reached, both included.
  func path(to id: TargetID) -> [TargetID] {
    var result = [id]
    var current = id
    while let parent = parents[current] {
      result.append(parent)
      current = parent
    }
    return result.reversed()
  }
}

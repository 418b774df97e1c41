/// How far a change is followed to those that depend on it.
public enum DependentsDepth: String, Sendable, CaseIterable {
  case none, direct, transitive
}

extension DependencyResolver {
  /// The targets that depend on any of `ids`, without those themselves unless one depends on another.
  public func dependents(of ids: [TargetID], depth: DependentsDepth) throws -> [TargetID] {
    guard depth != .none else { return [] }
    let reverse = try reversedEdges()
    var reached = ContiguousArray<Bool>(repeating: false, count: graph.count)
    var level = ids
    while !level.isEmpty {
      var next: [TargetID] = []
      for id in level {
        for dependent in reverse.dependents(of: id) where !reached[dependent.index] {
          reached[dependent.index] = true
          next.append(dependent)
        }
      }
      level = depth == .transitive ? next : []
    }
    return reached.indices.lazy.map { TargetID($0) }.filter { reached[$0.index] }
  }

  /// `ids` with what depends on them.
  public func affected(by ids: [TargetID], depth: DependentsDepth) throws -> [TargetID] {
    Set(ids).union(try dependents(of: ids, depth: depth)).sorted()
  }

  func reversedEdges() throws -> ReversedEdges {
    try resolveAll()
    var starts = ContiguousArray<UInt32>(repeating: 0, count: graph.count + 1)
    for id in graph.allTargets { for dependency in try dependencies(of: id) { starts[dependency.index + 1] += 1 } }
    for index in 1..<starts.count { starts[index] += starts[index - 1] }
    var next = starts
    var edges = ContiguousArray<TargetID>(repeating: TargetID(0), count: Int(starts[starts.count - 1]))
    for id in graph.allTargets {
      for dependency in try dependencies(of: id) {
        edges[Int(next[dependency.index])] = id
        next[dependency.index] += 1
      }
    }
    return ReversedEdges(starts: starts, edges: edges)
  }
}

/// Who depends on whom, as one array with a start for each target.
struct ReversedEdges {
  let starts: ContiguousArray<UInt32>
  let edges: ContiguousArray<TargetID>

  func dependents(of id: TargetID) -> ArraySlice<TargetID> {
    ArraySlice(edges[Int(starts[id.index])..<Int(starts[id.index + 1])])
  }
}

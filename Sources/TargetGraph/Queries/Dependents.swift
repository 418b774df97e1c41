internal import BuildFiles
internal import Snapshot
internal import Workspace

/// How far a change is followed to dependents.
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

  /// `ids` with their dependents.
  public func affected(by ids: [TargetID], depth: DependentsDepth) throws -> [TargetID] {
    Set(ids).union(try dependents(of: ids, depth: depth)).sorted()
  }

  /// The dependents of each target: one pass over the rows to count, one to fill in.
  private func reversedEdges() throws -> ReversedEdges {
    if let reversed { return reversed }
    try resolveAll()
    let store = graph.store
    var starts = ContiguousArray<UInt32>(repeating: 0, count: graph.count + 1)
    starts.withUnsafeMutableBufferPointer { starts in
      forEachEdge(in: store) { _, dependency in starts[dependency + 1] += 1 }
      for index in 1..<starts.count { starts[index] += starts[index - 1] }
    }
    var next = starts
    let count = Int(starts[starts.count - 1])
    let edges = ContiguousArray<TargetID>(unsafeUninitializedCapacity: count) { edges, initialized in
      next.withUnsafeMutableBufferPointer { next in
        forEachEdge(in: store) { id, dependency in
          edges.initializeElement(at: Int(next[dependency]), to: TargetID(id))
          next[dependency] += 1
        }
      }
      initialized = count
    }
    let found = ReversedEdges(starts: starts, edges: edges)
    reversed = found
    return found
  }

  /// Every edge between targets, as rows. A generator's edges lead to its generated targets.
  private func forEachEdge(in store: GraphStore, _ body: (_ id: Int, _ dependency: Int) -> Void) {
    let rows = store.targets[0..<store.targets.count]
    let lists = store.files.lists[0..<store.files.lists.count]
    let isGeneratorType = (0..<256).map { TargetType(code: UInt8($0)).generated != nil }
    for index in 0..<rows.count {
      let row = rows[index]
      if row.has(TargetRow.dead) { continue }
      if row.generator != 0 { body(Int(row.generator - 1), index) } else if isGeneratorType[Int(row.type)] { continue }
      for place in row.edges.range { body(index, Int(lists[place])) }
    }
  }
}

/// The dependents of each target, as one array with a start for each target.
struct ReversedEdges {
  let starts: ContiguousArray<UInt32>
  let edges: ContiguousArray<TargetID>

  func dependents(of id: TargetID) -> ArraySlice<TargetID> {
    ArraySlice(edges[Int(starts[id.index])..<Int(starts[id.index + 1])])
  }
}

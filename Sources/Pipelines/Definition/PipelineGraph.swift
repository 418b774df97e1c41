/// Which step needs which, by position. Names that do not exist are left out.
public struct PipelineGraph: Sendable, Hashable {
  /// The steps that each step needs.
  public let needs: [[Int]]
  /// The steps that need each step.
  public let followers: [[Int]]

  public init(_ steps: [PipelineStep]) {
    var positions: [String: Int] = [:]
    for (position, step) in steps.enumerated() where positions[step.name] == nil { positions[step.name] = position }
    needs = steps.map { step in step.needs.compactMap { positions[$0] } }
    var followers = [[Int]](repeating: [], count: steps.count)
    for (position, needed) in needs.enumerated() {
      for other in needed { followers[other].append(position) }
    }
    self.followers = followers
  }

  /// The positions in an order in which no step comes before one that it needs; nil when there is a cycle. Steps that
  /// do not need each other keep the order of the file.
  public var order: [Int]? {
    var missing = needs.map(\.count)
    var ready = Set(missing.indices.filter { missing[$0] == 0 })
    var order: [Int] = []
    while let next = ready.min() {
      ready.remove(next)
      order.append(next)
      for follower in followers[next] {
        missing[follower] -= 1
        if missing[follower] == 0 { ready.insert(follower) }
      }
    }
    return order.count == needs.count ? order : nil
  }

  /// The positions of one cycle: each needs the next, and the last needs the first. Nil when there is none.
  public var cycle: [Int]? {
    // Without the steps that can run, every step that is left needs another one that is left.
    var left = Set(needs.indices)
    while let free = left.first(where: { step in needs[step].allSatisfy { !left.contains($0) } }) { left.remove(free) }
    guard var step = left.min() else { return nil }
    var path: [Int] = []
    while !path.contains(step) {
      path.append(step)
      guard let next = needs[step].first(where: left.contains) else { return nil }
      step = next
    }
    return Array(path[(path.firstIndex(of: step) ?? 0)...])
  }

  /// The column of each step in a drawing: one more than the largest of those it needs. Zero for all in a cycle.
  public var levels: [Int] {
    var levels = [Int](repeating: 0, count: needs.count)
    for step in order ?? [] { levels[step] = (needs[step].map { levels[$0] + 1 }.max()) ?? 0 }
    return levels
  }

  /// All steps that need a step, directly or indirectly.
  public func allFollowers(of step: Int) -> Set<Int> {
    var found: Set<Int> = []
    var open = followers[step]
    while let next = open.popLast() {
      if found.insert(next).inserted { open += followers[next] }
    }
    return found
  }
}

internal import BuildFiles
internal import Snapshot
internal import Workspace

/// What a package may rest on: a target and all that it depends on, directly or not.
public struct ClosureState: Sendable, Hashable {
  /// The generation of the state in which any of it was last seen to change: a declaration, a file, a dependency.
  public var changedAt: UInt32
  /// Whether commands are among it, whose results depend on more than files.
  public var hasCommands: Bool
  /// Whether distributions are among it: what belongs to one depends on which others there are.
  public var hasDistributions: Bool
}

extension DependencyResolver {
  /// The states of the closures of these targets, each of whose files is looked at once, and read where it was touched.
  ///
  /// - Throws: as ``dependencies(of:)``.
  public func closureStates(of ids: [TargetID]) throws -> [ClosureState] {
    try settle(ids)
    var search = ComponentSearch(graph)
    return ids.map { search.state(of: $0) }
  }

  /// Has the rows say what all of these closures depend on.
  private func settle(_ ids: [TargetID]) throws {
    var reached = ContiguousArray<Bool>(repeating: false, count: graph.count)
    for id in ids { reached[id.index] = true }
    var level = ids
    while !level.isEmpty {
      try readFiles(of: level)
      var next: [TargetID] = []
      func reach(_ index: Int) {
        if reached[index] { return }
        reached[index] = true
        next.append(TargetID(index))
      }
      for id in level {
        if !graph.isGenerator(id), isSettled(id) {
          for dependency in graph.store.files.list(graph.store.targets[id.index].edges) { reach(Int(dependency)) }
        } else {
          for dependency in try dependencies(of: id) { reach(dependency.index) }
        }
      }
      level = next
    }
  }
}

/// Tarjan's search for strongly connected components, over rows that say what they depend on: files may import each other
/// in circles. What holds of a component's targets is folded on the way back.
private struct ComponentSearch {
  private static let commands: UInt8 = 1
  private static let distributions: UInt8 = 2

  private let graph: TargetGraph
  /// The order in which targets were reached, from 1; 0 for those that were not.
  private var number: ContiguousArray<UInt32>
  private var low: ContiguousArray<UInt32>
  private var latest: ContiguousArray<UInt32>
  private var kinds: ContiguousArray<UInt8>
  private var isOpen: ContiguousArray<Bool>
  private var open: ContiguousArray<Int> = []
  private var generated: [Int: [TargetID]] = [:]
  private var count: UInt32 = 0

  init(_ graph: TargetGraph) {
    self.graph = graph
    number = ContiguousArray(repeating: 0, count: graph.count)
    low = number
    latest = number
    kinds = ContiguousArray(repeating: 0, count: graph.count)
    isOpen = ContiguousArray(repeating: false, count: graph.count)
  }

  mutating func state(of id: TargetID) -> ClosureState {
    if number[id.index] == 0 { search(from: id.index) }
    let kinds = kinds[id.index]
    return ClosureState(
      changedAt: latest[id.index], hasCommands: kinds & Self.commands != 0,
      hasDistributions: kinds & Self.distributions != 0)
  }

  private mutating func enter(_ index: Int) {
    count += 1
    number[index] = count
    low[index] = count
    latest[index] = graph.store.targets[index].changedAt
    switch graph.type(of: TargetID(index)) {
    case .shellCommand, .runShellCommand, .adhocTool, .systemBinary: kinds[index] = Self.commands
    case .pythonDistribution: kinds[index] = Self.distributions
    default: break
    }
    isOpen[index] = true
    open.append(index)
    if graph.isGenerator(TargetID(index)) { generated[index] = graph.generated(by: TargetID(index)) }
  }

  private func dependency(_ index: Int, _ place: Int) -> Int? {
    if let generated = generated[index] { return place < generated.count ? generated[place].index : nil }
    let edges = graph.store.targets[index].edges
    return place < Int(edges.count) ? Int(graph.store.files.list(edges)[place]) : nil
  }

  private mutating func fold(_ other: Int, into index: Int) {
    latest[index] = max(latest[index], latest[other])
    kinds[index] |= kinds[other]
  }

  private mutating func search(from root: Int) {
    // A stack of our own: a chain of dependencies may be longer than the thread's stack allows.
    var path: ContiguousArray<(index: Int, next: Int)> = [(root, 0)]
    enter(root)
    while let (index, next) = path.last {
      if let other = dependency(index, next) {
        path[path.count - 1].next += 1
        if number[other] == 0 {
          enter(other)
          path.append((other, 0))
        } else {
          if isOpen[other] { low[index] = min(low[index], number[other]) }
          fold(other, into: index)
        }
        continue
      }
      path.removeLast()
      if low[index] == number[index] { close(index) }
      if let above = path.last?.index {
        low[above] = min(low[above], low[index])
        fold(index, into: above)
      }
    }
  }

  /// All that was opened since `index` is one component.
  private mutating func close(_ index: Int) {
    guard let start = open.lastIndex(of: index) else { return }
    for member in open[start...] { fold(member, into: index) }
    for member in open[start...] {
      latest[member] = latest[index]
      kinds[member] = kinds[index]
      isOpen[member] = false
    }
    open.removeSubrange(start...)
  }
}

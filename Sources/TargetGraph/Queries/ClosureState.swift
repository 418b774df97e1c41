internal import BuildFiles
internal import Snapshot
internal import Workspace

/// The inputs of a product: a target and all its transitive dependencies.
public struct ClosureState: Sendable, Hashable {
  /// The last generation of the state in which any of them changed: a declaration, a file, a dependency.
  public var changedAt: UInt32
  /// Whether they include commands, whose results depend on more than files.
  public var hasCommands: Bool
  /// Whether they include distributions: the files of a distribution depend on the other distributions.
  public var hasDistributions: Bool
}

extension DependencyResolver {
  /// The states of the closures of these targets, whose files are each checked once, and read if touched.
  ///
  /// - Throws: as ``dependencies(of:)``.
  public func closureStates(of ids: [TargetID]) throws -> [ClosureState] {
    // Usually all is known once all files were checked: then one pass is enough.
    if hasLookedAtAll, !hasVisibilityRules,
      let states = ComponentSearch(graph, requiringAll: true).states(of: ids)
    {
      return states
    }
    try settle(ids)
    return ComponentSearch(graph, requiringAll: false).states(of: ids) ?? []
  }

  /// Resolves all of these closures in the rows.
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

/// Tarjan's search for strongly connected components, over rows with known dependencies: files can import each other in
/// cycles. The search combines the facts of a component's targets on its way back.
///
/// Its data per target is in memory that is not checked for exclusive access: the search follows each edge of a
/// workspace once.
private final class ComponentSearch {
  private static let commands: UInt8 = 1
  private static let distributions: UInt8 = 2
  private static let generators: UInt8 = 4
  private static let sources: UInt8 = 8
  /// The kind of the targets of a type, by the code of the type.
  private static let kindsOfTypes: [UInt8] = {
    var kinds = [UInt8](repeating: 0, count: 256)
    for type in TargetType.allCases {
      switch type {
      case .shellCommand, .runShellCommand, .adhocTool, .systemBinary: kinds[Int(type.code)] = commands
      case .pythonDistribution: kinds[Int(type.code)] = distributions
      default: break
      }
      if type.generated != nil { kinds[Int(type.code)] |= generators }
      if type.isPythonSource { kinds[Int(type.code)] |= sources }
    }
    return kinds
  }()

  /// The facts about one target.
  private struct Node {
    /// The order in which targets were reached, from 1; 0 for unreached ones.
    var number: UInt32 = 0
    var low: UInt32 = 0
    var latest: UInt32 = 0
    var kinds: UInt8 = 0
    var isOpen = false
  }

  private let graph: TargetGraph
  private let rows: UnsafeBufferPointer<TargetRow>
  private let files: UnsafeBufferPointer<FileRow>
  private let lists: UnsafeBufferPointer<UInt32>
  private let nodes: UnsafeMutablePointer<Node>
  /// Whether an incomplete row ends the search.
  private let needsAll: Bool
  private let kindsOfTypes = ComponentSearch.kindsOfTypes

  init(_ graph: TargetGraph, requiringAll: Bool) {
    self.graph = graph
    needsAll = requiringAll
    let store = graph.store
    rows = store.targets[0..<store.targets.count]
    files = store.files.files[0..<store.files.files.count]
    lists = store.files.lists[0..<store.files.lists.count]
    nodes = .allocate(capacity: max(1, rows.count))
    nodes.initialize(repeating: Node(), count: max(1, rows.count))
  }

  deinit { nodes.deallocate() }

  /// The states of the closures of targets; nil if a row is incomplete.
  func states(of ids: [TargetID]) -> [ClosureState]? {
    var states: [ClosureState] = []
    states.reserveCapacity(ids.count)
    var open: ContiguousArray<Int> = []
    var path: ContiguousArray<Step> = []
    var count: UInt32 = 0
    for id in ids {
      if nodes[id.index].number == 0, !search(from: id.index, &path, &open, &count) { return nil }
      let node = nodes[id.index]
      states.append(
        ClosureState(
          changedAt: node.latest, hasCommands: node.kinds & Self.commands != 0,
          hasDistributions: node.kinds & Self.distributions != 0))
    }
    return states
  }

  /// A target on the path from the root, with its dependencies and the number already visited.
  private struct Step {
    var index: Int
    var edges: Range<Int>
    /// For a generator, whose edges are its generated targets.
    var generated: [TargetID]
  }

  /// Whether its row and its file's row contain all facts about a target that the search needs.
  private func isKnown(_ row: TargetRow, _ kinds: UInt8) -> Bool {
    let isGenerator = row.generator == 0 && kinds & Self.generators != 0
    guard isGenerator || row.has(TargetRow.edgesKnown) && row.findings.count == 0 else { return false }
    if row.file == 0 { return true }
    let flags = files[Int(row.file - 1)].flags
    if flags & FileRow.digestKnown == 0 { return false }
    // For files that are not Python sources, imports are irrelevant.
    return kinds & Self.sources == 0 || flags & (FileRow.importsKnown | FileRow.importsStale) == FileRow.importsKnown
  }

  private func enter(
    _ index: Int, _ path: inout ContiguousArray<Step>, _ open: inout ContiguousArray<Int>, _ count: inout UInt32
  ) -> Bool {
    let row = rows[index]
    let kinds = kindsOfTypes[Int(row.type)]
    if needsAll, !isKnown(row, kinds) { return false }
    count += 1
    nodes[index] = Node(
      number: count, low: count, latest: row.changedAt, kinds: kinds & (Self.commands | Self.distributions),
      isOpen: true)
    open.append(index)
    if row.generator == 0, kinds & Self.generators != 0 {
      let generated = graph.generated(by: TargetID(index))
      path.append(Step(index: index, edges: 0..<generated.count, generated: generated))
    } else {
      path.append(Step(index: index, edges: row.edges.range, generated: []))
    }
    return true
  }

  private func fold(_ other: Int, into index: Int) {
    nodes[index].latest = max(nodes[index].latest, nodes[other].latest)
    nodes[index].kinds |= nodes[other].kinds
  }

  private func search(
    from root: Int, _ path: inout ContiguousArray<Step>, _ open: inout ContiguousArray<Int>, _ count: inout UInt32
  ) -> Bool {
    // A separate stack: a chain of dependencies can be longer than the thread's stack allows.
    guard enter(root, &path, &open, &count) else { return false }
    while let last = path.indices.last {
      let index = path[last].index
      if let next = path[last].edges.first {
        path[last].edges = (next + 1)..<path[last].edges.upperBound
        let other = path[last].generated.isEmpty ? Int(lists[next]) : path[last].generated[next].index
        if nodes[other].number == 0 {
          guard enter(other, &path, &open, &count) else { return false }
        } else {
          if nodes[other].isOpen { nodes[index].low = min(nodes[index].low, nodes[other].number) }
          fold(other, into: index)
        }
        continue
      }
      path.removeLast()
      if nodes[index].low == nodes[index].number { close(index, &open) }
      if let above = path.last?.index {
        nodes[above].low = min(nodes[above].low, nodes[index].low)
        fold(index, into: above)
      }
    }
    return true
  }

  /// All targets opened since `index` are one component.
  private func close(_ index: Int, _ open: inout ContiguousArray<Int>) {
    guard let start = open.lastIndex(of: index) else { return }
    for member in open[start...] { fold(member, into: index) }
    for member in open[start...] {
      nodes[member].latest = nodes[index].latest
      nodes[member].kinds = nodes[index].kinds
      nodes[member].isOpen = false
    }
    open.removeSubrange(start...)
  }
}

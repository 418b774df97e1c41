internal import BuildFiles

extension DependencyResolver {
  /// The paths from one target to another along dependencies, shortest first.
  ///
  /// There can be exponentially many paths, so not all are listed: the search goes breadth first and follows each edge
  /// only once, along the first path that reaches it. Pants lists the same paths, in the same order of neighbors. A
  /// target that `!!` excludes for `start` can be an end, but no path leads through it.
  public func paths(from start: TargetID, to end: TargetID) throws -> [[TargetID]] {
    if start == end { return [[start]] }
    let neighbours = try neighbours(from: start)
    let leading = Self.leading(to: end, neighbours)
    guard leading.contains(start) else { return [] }
    var steps: ContiguousArray<(target: TargetID, previous: Int)> = [(start, -1)]
    var crossed: Set<UInt64> = []
    var found: [[TargetID]] = []
    var position = 0
    while position < steps.count {
      defer { position += 1 }
      let step = steps[position]
      let origin = step.previous < 0 ? UInt32.max : steps[step.previous].target.rawValue
      guard crossed.insert(UInt64(origin) << 32 | UInt64(step.target.rawValue)).inserted else { continue }
      for next in neighbours[step.target] ?? [] where leading.contains(next) {
        guard next == end else {
          steps.append((next, position))
          continue
        }
        var way = [end]
        var back = position
        while back >= 0 {
          way.append(steps[back].target)
          back = steps[back].previous
        }
        found.append(way.reversed())
      }
    }
    return found
  }

  /// The targets reached from a target, with the dependencies of each in Pants' order: first those that generate
  /// nothing, by address, then the generated targets of the others.
  private func neighbours(from start: TargetID) throws -> [TargetID: [TargetID]] {
    var result: [TargetID: [TargetID]] = [:]
    for id in try explicit(of: start).transitivelyExcluded {
      for excluded in [id] + graph.generated(by: id) { result[excluded] = [] }
    }
    var level = [start]
    while !level.isEmpty {
      try readImports(of: level)
      var next: [TargetID] = []
      for id in level where result[id] == nil {
        let dependencies = try dependencies(of: id)
        var ordered: [TargetID] = []
        if graph[id].isGenerator {
          ordered = inOrder(dependencies)
        } else {
          let expanded = dependencies.filter { graph[$0].isGenerator && !graph.generated(by: $0).isEmpty }
          let plain = Set(dependencies).subtracting(expanded)
          ordered = inOrder(Array(plain))
          for generator in inOrder(expanded) {
            ordered += inOrder(graph.generated(by: generator).filter { !plain.contains($0) })
          }
        }
        result[id] = ordered
        next += ordered
      }
      level = next.filter { result[$0] == nil }
    }
    return result
  }

  private func inOrder(_ ids: [TargetID]) -> [TargetID] {
    ids.map { ($0, AddressOrder(graph.address(of: $0))) }.sorted { $0.1 < $1.1 }.map(\.0)
  }

  /// The targets from which another is reached, that one among them.
  private static func leading(to end: TargetID, _ neighbours: [TargetID: [TargetID]]) -> Set<TargetID> {
    var reversed: [TargetID: [TargetID]] = [:]
    for (id, dependencies) in neighbours {
      for dependency in dependencies { reversed[dependency, default: []].append(id) }
    }
    var found: Set<TargetID> = [end]
    var pending = [end]
    while let id = pending.popLast() {
      for dependent in reversed[id] ?? [] where found.insert(dependent).inserted { pending.append(dependent) }
    }
    return found
  }
}

/// The order of addresses in Pants: by directory, file, name, parameters and generated name, where missing parts come
/// first and paths compare part by part.
private struct AddressOrder: Comparable {
  private var parts: [[String]]

  init(_ address: Address) {
    let isDefault = address.name == Address.defaultName(in: address.directory)
    func path(_ text: String) -> [String] { text.split(separator: "/").map(String.init) }
    parts = [
      path(address.directory), address.file.map { [""] + path($0) } ?? [], isDefault ? [] : [address.name],
      address.parameters.flatMap { [$0.key, $0.value] }, address.generated.map { [$0] } ?? [],
    ]
  }

  static func < (left: Self, right: Self) -> Bool {
    for (one, other) in zip(left.parts, right.parts) where one != other {
      return one.lexicographicallyPrecedes(other) { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
    return false
  }
}

internal import BuildFiles
internal import Digests
internal import TargetGraph
internal import Workspace

/// Digests of everything that targets depend on: equal keys, equal closures, on every machine.
///
/// One search finds the strongly connected components (Tarjan), as files import each other in circles. The key of a
/// component is the digest of its members and of the keys of the components that these depend on.
final class ClosureKeys {
  private struct Node {
    var number = 0
    var low = 0
    var isOpen = false
  }

  private let resolver: DependencyResolver
  private let content: (TargetID) -> String
  private var nodes: [TargetID: Node] = [:]
  private var keys: [TargetID: SHA256Digest] = [:]
  private var order: [TargetID] = []
  private var count = 0

  /// - Parameter content: what a target itself is: its path and the digest of its file, or its requirement.
  init(_ resolver: DependencyResolver, content: @escaping (TargetID) -> String) {
    self.resolver = resolver
    self.content = content
  }

  /// The key of a target.
  ///
  /// - Throws: as ``DependencyResolver/dependencies(of:)``.
  func key(of id: TargetID) throws -> SHA256Digest {
    if keys[id] == nil { try search(from: id) }
    return keys[id] ?? SHA256Digest.of([])
  }

  private struct Step {
    var id: TargetID
    var edges: [TargetID]
    var next = 0
  }

  private func enter(_ id: TargetID) throws -> Step {
    count += 1
    nodes[id] = Node(number: count, low: count, isOpen: true)
    order.append(id)
    return Step(id: id, edges: try resolver.dependencies(of: id))
  }

  private func search(from root: TargetID) throws {
    // A stack of our own: a chain of dependencies may be longer than the thread's stack allows.
    var path = [try enter(root)]
    while let last = path.indices.last {
      let id = path[last].id
      if path[last].next < path[last].edges.count {
        let other = path[last].edges[path[last].next]
        path[last].next += 1
        if let known = nodes[other] {
          if known.isOpen { lower(id, to: known.number) }
        } else {
          path.append(try enter(other))
        }
        continue
      }
      let step = path.removeLast()
      guard let node = nodes[id] else { continue }
      if let above = path.last?.id { lower(above, to: node.low) }
      if node.low == node.number { try close(step.id) }
    }
  }

  private func lower(_ id: TargetID, to number: Int) {
    if let known = nodes[id], known.low > number { nodes[id]?.low = number }
  }

  private func close(_ id: TargetID) throws {
    guard let start = order.lastIndex(of: id) else { return }
    let members = Array(order[start...])
    order.removeSubrange(start...)
    let own = Set(members)
    var below: Set<SHA256Digest> = []
    for member in members {
      for other in try resolver.dependencies(of: member) where !own.contains(other) {
        if let key = keys[other] { below.insert(key) }
      }
    }
    var encoder = CanonicalEncoder()
    encoder.append(strings: members.map(content).sorted())
    encoder.append(list: below.sorted()) { $0.append($1) }
    let key = encoder.digest
    for member in members {
      keys[member] = key
      nodes[member]?.isOpen = false
    }
  }
}

internal import JSON
internal import SystemSupport

/// Keeps one member of a ServerSet in ZooKeeper: an ephemeral sequential node whose name begins with `member_`.
final class ServerSetAnnouncer {
  private let connection: ZooKeeperConnection
  /// The ServerSet's node below the root.
  private let path: String
  private let say: (JSONValue) -> Void
  /// The wanted content of the node; nil for no node.
  var wanted: [UInt8]? { didSet { if wanted != oldValue { isDone = false } } }
  private var node: String?
  private var session: Int64 = 0
  /// Nodes of this session that are not to be: their deletion got no answer.
  private var leftovers: Set<String> = []
  /// Whether a creation got no answer: the node can exist.
  private var isUncertain = false
  private var isDone = true

  init(_ connection: ZooKeeperConnection, path: String, say: @escaping (JSONValue) -> Void) {
    self.connection = connection
    self.path = path
    self.say = say
  }

  private var full: String { connection.root == "/" ? path : connection.root + path }

  /// Moves ZooKeeper toward the wanted state, as far as it answers. True if nothing is left to do.
  func step() -> Bool {
    guard let zooKeeper = connection.connected() else { return false }
    if zooKeeper.number != session {
      // Another session: the nodes of the former one are gone, or go with it.
      session = zooKeeper.number
      node = nil
      leftovers = []
      isUncertain = false
    }
    do throws(ZooKeeperError) {
      if isUncertain { try findOwn(zooKeeper) }
      for path in leftovers {
        try zooKeeper.delete(path)
        leftovers.remove(path)
      }
      if let node, try zooKeeper.owner(of: node) != session { self.node = nil }
      if let wanted {
        if let node, let content = try zooKeeper.content(of: node), content.bytes != wanted {
          try remove(node, zooKeeper)
        }
        if node == nil { try create(wanted, zooKeeper) }
      } else if let node {
        try remove(node, zooKeeper)
        say(["withdrawn": .string(node)])
      }
      if !isDone, wanted == nil { say(["absent": true]) }
      isDone = true
      return true
    } catch {
      if !error.isUncertain { connection.tell("problem", error.description) }
      return false
    }
  }

  private func remove(_ node: String, _ zooKeeper: ZooKeeperSession) throws(ZooKeeperError) {
    leftovers.insert(node)
    self.node = nil
    try zooKeeper.delete(node)
    leftovers.remove(node)
  }

  private func create(_ data: [UInt8], _ zooKeeper: ZooKeeperSession) throws(ZooKeeperError) {
    var parent = ""
    for name in full.split(separator: "/") {
      parent += "/\(name)"
      if try zooKeeper.owner(of: parent) == nil {
        _ = try zooKeeper.create(parent, [], connection.rules, isMember: false)
      }
    }
    isUncertain = true
    let made = try zooKeeper.create(full + "/member_", data, connection.rules, isMember: true)
    isUncertain = false
    node = made
    say(["announced": .string(made)])
    // Watched from now on: whoever deletes the node sees it again.
    _ = try zooKeeper.owner(of: made)
  }

  /// Finds the node of a creation whose answer got lost: the one that this session owns.
  private func findOwn(_ zooKeeper: ZooKeeperSession) throws(ZooKeeperError) {
    for name in try zooKeeper.children(of: full) ?? [] where name.hasPrefix("member_") {
      let path = "\(full)/\(name)"
      guard path != node, try zooKeeper.owner(of: path) == session, !leftovers.contains(path) else { continue }
      if node == nil {
        node = path
        say(["announced": .string(path)])
      } else {
        leftovers.insert(path)
      }
    }
    isUncertain = false
  }
}

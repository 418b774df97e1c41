internal import JSON

/// Follows ServerSets: tells all members of each at once and after each change.
final class ServerSetWatcher {
  private let connection: ZooKeeperConnection
  private let paths: [String]
  private let say: (JSONValue) -> Void
  private var told: JSONValue?

  /// - Parameter paths: below the root.
  init(_ connection: ZooKeeperConnection, paths: [String], say: @escaping (JSONValue) -> Void) {
    self.connection = connection
    self.paths = paths
    self.say = say
  }

  /// Reads all ServerSets, and reports them if they differ from the last report. An incomplete read reports nothing.
  ///
  /// - Parameter repeats: Whether they are reported although nothing has changed.
  func step(repeats: Bool) -> Bool {
    guard let zooKeeper = connection.connected() else {
      // The next report can equal the last one: the listener then knows that it is valid again.
      told = nil
      return false
    }
    do throws(ZooKeeperError) {
      var sets = JSONObject()
      for path in paths {
        let full = connection.root == "/" ? path : connection.root + path
        sets[path] = .array(try members(full, zooKeeper))
      }
      let value = JSONValue.members(["sets": .object(sets)])
      if repeats || value != told { say(value) }
      told = value
      return true
    } catch {
      if !error.isUncertain { connection.tell("problem", error.description) }
      told = nil
      return false
    }
  }

  private func members(_ path: String, _ zooKeeper: ZooKeeperSession) throws(ZooKeeperError) -> [JSONValue] {
    // The watch on a node that does not exist tells when it does.
    guard try zooKeeper.owner(of: path) != nil, let names = try zooKeeper.children(of: path) else { return [] }
    var members: [JSONValue] = []
    for name in names.filter({ $0.hasPrefix("member_") }).sorted() {
      guard let content = try zooKeeper.content(of: "\(path)/\(name)") else { continue }
      do {
        members.append(.members(["name": .string(name), "data": try JSONValue(parsing: content.bytes)]))
      } catch {
        members.append(.members(["name": .string(name), "problem": .string("the content is not JSON: \(error)")]))
      }
    }
    return members
  }
}

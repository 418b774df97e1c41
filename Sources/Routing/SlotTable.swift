/// A server of a running HAProxy, as its runtime API tells it.
public struct RunningServer: Sendable, Hashable {
  public enum State: String, Sendable, Hashable {
    /// Receives requests.
    case ready
    /// Finishes its present requests.
    case drain
    /// Has no instance.
    case maintenance = "maint"
  }

  public var name: String
  public var place: ServerPlace
  public var weight: Int
  public var state: State
  /// Open sessions.
  public var sessions: Int

  public init(name: String, place: ServerPlace, weight: Int, state: State, sessions: Int = 0) {
    self.name = name
    self.place = place
    self.weight = weight
    self.state = state
    self.sessions = sessions
  }
}

/// The server of each slot of a backend, and the commands that change it. Pure.
public struct SlotTable: Sendable, Hashable {
  /// The address of a slot without an instance; nothing is ever sent there.
  public static let unused = ServerPlace(address: "127.0.0.1", port: 1)

  /// By slot, from 0; nil for a slot without an instance.
  public var servers: [PlannedServer?]

  /// A table of this many slots.
  public init(slots: Int) { servers = Array(repeating: nil, count: slots) }

  /// The number of slots for this many servers: twice as many, because an update has draining old servers beside new
  /// ones.
  public static func size(for count: Int, atLeast: Int) -> Int {
    var size = max(atLeast, 1)
    while size < count * 2 { size *= 2 }
    return size
  }

  /// Places servers, with as few changes as possible.
  ///
  /// - Parameter running: HAProxy's servers by slot; empty for an HAProxy that is about to start.
  /// - Returns: nil if there are too few slots that are free.
  public static func placing(_ planned: [PlannedServer], slots: Int, running: [RunningServer]) -> SlotTable? {
    var table = SlotTable(slots: slots)
    var waiting: [PlannedServer] = []
    for server in planned {
      // A slot that has the address already keeps its connections and its counters.
      let slot = running.indices.first { slot in
        slot < slots && table.servers[slot] == nil && running[slot].place == server.place
          && running[slot].state != .maintenance
      }
      if let slot { table.servers[slot] = server } else { waiting.append(server) }
    }
    var free = (0..<slots).filter { slot in
      table.servers[slot] == nil
        && (slot >= running.count || running[slot].state == .maintenance
          || running[slot].state == .drain && running[slot].sessions == 0)
    }[...]
    for server in waiting {
      guard let slot = free.popFirst() else { return nil }
      table.servers[slot] = server
    }
    return table
  }

  /// The commands of the runtime API that produce a backend's servers. None if nothing differs.
  public func commands(backend: String, running: [RunningServer]) -> [String] {
    var commands: [String] = []
    for (slot, running) in running.enumerated() where slot < servers.count {
      let name = "\(backend)/\(running.name)"
      guard let server = servers[slot] else {
        switch running.state {
        case .ready: commands.append("set server \(name) state drain")
        case .drain where running.sessions == 0: commands.append("set server \(name) state maint")
        case .drain, .maintenance: break
        }
        continue
      }
      // Out of maintenance a server counts as up at once; out of a drain it would wait for its next check.
      if running.state == .drain, running.sessions == 0 { commands.append("set server \(name) state maint") }
      if running.place != server.place {
        commands.append("set server \(name) addr \(server.address) port \(server.port)")
      }
      if running.weight != server.weight { commands.append("set server \(name) weight \(server.weight)") }
      if running.state != .ready { commands.append("set server \(name) state ready") }
    }
    return commands
  }
}

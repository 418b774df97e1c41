/// The address of a task: the fields that its executor announces to discovery.
public struct Announcement: Sendable, Hashable {
  public var host: String
  /// The number of the primary port.
  public var port: Int
  /// Every named port and every name of the announcer's port map, with its number.
  public var endpoints: [String: Int]

  public init(host: String, port: Int, endpoints: [String: Int]) {
    self.host = host
    self.port = port
    self.endpoints = endpoints
  }

  /// Returns the announcement of an assignment; nil for a job without an announcer, or whose primary port was not
  /// assigned.
  public init?(of assignment: TaskAssignment) {
    guard let announcer = assignment.configuration.announce else { return nil }
    endpoints = assignment.ports
    // An alias can refer to an alias, at most as often as there are names; a cycle stays unresolved.
    for _ in announcer.portmap {
      for (name, target) in announcer.portmap where endpoints[name] == nil {
        switch target {
        case .number(let number): endpoints[name] = number
        case .alias(let other): if let number = endpoints[other] { endpoints[name] = number }
        }
      }
    }
    guard let port = endpoints[announcer.primaryPort] else { return nil }
    self.port = port
    host = assignment.hostname
  }
}

/// The announcement of a running instance to discovery.
public struct Announcer: Sendable, Hashable {
  /// The port name that is the instance's service endpoint.
  public var primaryPort: String
  /// Further endpoint names: aliases of named ports, or fixed numbers.
  public var portmap: [String: PortTarget]

  /// Aurora's own place in ZooKeeper; kept, and said to be ignored: the place in discovery is the job's key.
  public var zkPath: String?

  /// The meaning of an entry of the port map.
  public enum PortTarget: Sendable, Hashable {
    case alias(String)
    case number(Int)
  }

  /// Without a port map, `aurora` is an alias of the primary port, as Aurora has it.
  public init(primaryPort: String = "http", portmap: [String: PortTarget]? = nil, zkPath: String? = nil) {
    self.primaryPort = primaryPort
    self.portmap = portmap ?? ["aurora": .alias(primaryPort)]
    self.zkPath = zkPath
  }
}

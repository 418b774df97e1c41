public import JobModel

/// What a host has for tasks.
public struct HostOffer: Sendable, Hashable {
  public var hostname: String
  /// All that may be given to tasks together.
  public var resources: Resources
  /// The ports that may be allotted.
  public var ports: ClosedRange<Int>
  /// Ports of the range that something else uses.
  public var reservedPorts: Set<Int>
  /// What constraints of jobs ask for, by name. The attribute `host` is the host's name.
  public var attributes: [String: String]

  public init(
    hostname: String, resources: Resources, ports: ClosedRange<Int>, reservedPorts: Set<Int> = [],
    attributes: [String: String] = [:]
  ) {
    self.hostname = hostname
    self.resources = resources
    self.ports = ports
    self.reservedPorts = reservedPorts
    self.attributes = attributes
  }

  /// The attributes, with the host's name.
  var allAttributes: [String: String] { attributes.merging(["host": hostname]) { own, _ in own } }
}

/// A host that is being emptied: its tasks are asked to end, as their SLA policies allow, and none is started.
public struct HostDrain: Sendable, Hashable {
  public var startedAt: Timestamp
  /// From this time on, SLA policies delay no task; nil: they delay it as long as necessary.
  public var forceAt: Timestamp?
  public var user: String?
  public var reason: String?
}

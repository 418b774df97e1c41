public import JobModel

/// What a host has for tasks.
public struct HostOffer: Sendable, Hashable {
  /// Whether a host accepts tasks.
  public enum Admission: String, Sendable, Hashable, CaseIterable {
    case open
    /// Tasks that run there go on; none is started.
    case closed
    /// Its tasks are asked to end, as their SLA policies and update batches allow, and none is started.
    case draining
  }

  /// What tasks on this host are recorded with, where a cluster has several hosts; empty for the scheduler's own.
  public var id: String
  public var hostname: String
  /// Where tasks on this host can be called; nil where the host's name says that.
  public var address: String?
  public var admission: Admission
  /// All that may be given to tasks together.
  public var resources: Resources
  /// The ports that may be allotted.
  public var ports: ClosedRange<Int>
  /// Ports of the range that something else uses.
  public var reservedPorts: Set<Int>
  /// What constraints of jobs ask for, by name. The attribute `host` is the host's name.
  public var attributes: [String: String]

  public init(
    id: String = "", hostname: String, address: String? = nil, admission: Admission = .open, resources: Resources,
    ports: ClosedRange<Int>, reservedPorts: Set<Int> = [], attributes: [String: String] = [:]
  ) {
    self.id = id
    self.address = address
    self.admission = admission
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

// Discovery: which tasks can be called, as values: the catalogue of services, and its forms for other tools. No I/O.

public import JobModel

/// A job that is announced, with the instances that can be called now.
public struct Service: Sendable, Hashable {
  public var key: JobKey
  /// An address for requests.
  public var instances: [ServiceInstance]
  /// Tasks of the job that are not announced, and why.
  public var withdrawn: [WithdrawnInstance]

  public init(key: JobKey, instances: [ServiceInstance] = [], withdrawn: [WithdrawnInstance] = []) {
    self.key = key
    self.instances = instances
    self.withdrawn = withdrawn
  }
}

/// A task that its executor announces.
public struct ServiceInstance: Sendable, Hashable {
  /// Whether a health check watches the task.
  public enum Health: String, Sendable, Hashable, CaseIterable {
    case healthy
    /// The job has no health check.
    case unchecked
  }

  /// The number of the instance.
  public var shard: Int
  /// Names this run of the instance; nil where another client announced it.
  public var taskID: TaskID?
  public var announcement: Announcement
  public var health: Health
  /// The release of the job; nil if unknown.
  public var release: Int?
  /// The full git commit of the first artifact.
  public var commit: String?

  public init(
    shard: Int, taskID: TaskID?, announcement: Announcement, health: Health, release: Int? = nil, commit: String? = nil
  ) {
    self.shard = shard
    self.taskID = taskID
    self.announcement = announcement
    self.health = health
    self.release = release
    self.commit = commit
  }

  /// The number of a port; nil names the primary one.
  public func port(_ name: String?) -> Int? {
    guard let name else { return announcement.port }
    return announcement.endpoints[name]
  }

  /// `HOST:PORT`; an IPv6 address is in brackets.
  public func address(port name: String?) -> String? {
    port(name).map { "\(announcement.host.contains(":") ? "[\(announcement.host)]" : announcement.host):\($0)" }
  }
}

/// A task of an announced job that requests must not go to.
public struct WithdrawnInstance: Sendable, Hashable {
  public var shard: Int
  public var taskID: TaskID
  public var status: TaskStatus
  /// Why it is not announced, for people.
  public var reason: String
  /// Whether the scheduler could not determine the state: consumers keep the last known state of the task.
  public var isUnknown: Bool

  public init(shard: Int, taskID: TaskID, status: TaskStatus, reason: String, isUnknown: Bool = false) {
    self.shard = shard
    self.taskID = taskID
    self.status = status
    self.reason = reason
    self.isUnknown = isUnknown
  }
}

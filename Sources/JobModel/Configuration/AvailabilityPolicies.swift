/// The number of instances of a job that must stay up while something stops them on purpose: a drain, or an update with
/// ``UpdateConfiguration/slaAware`` (Aurora: `sla_policy`).
public enum SlaPolicy: Sendable, Hashable {
  /// At least `count` instances have been running for `duration`.
  case count(Int, duration: Duration)
  /// At least `percentage` of all instances, 0 to 100, have been running for `duration`.
  case percentage(Double, duration: Duration)
  /// A POST of the instance's key to `url` must answer a JSON object whose member `statusKey` is true.
  case coordinator(url: String, statusKey: String)

  /// Aurora's name of the member that a coordinator answers with.
  public static let defaultStatusKey = "drain"
}

/// The treatment of an instance whose host cannot be reached (Aurora: `PartitionPolicy`).
public struct PartitionPolicy: Sendable, Hashable {
  /// Whether the instance is started elsewhere.
  public var reschedule: Bool
  /// The time that the scheduler waits before it starts the instance elsewhere.
  public var delay: Duration
  /// Whether the instance ends by itself when its host is cut off, before it is started elsewhere: at no time do two run.
  public var stop: Bool

  public init(reschedule: Bool = true, delay: Duration = .zero, stop: Bool = false) {
    self.reschedule = reschedule
    self.delay = delay
    self.stop = stop
  }
}

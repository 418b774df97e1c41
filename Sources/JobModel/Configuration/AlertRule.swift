/// A condition of a job about which people want to hear: an entry of `alerts` in a job file.
public struct AlertRule: Sendable, Hashable {
  /// The conditions of alerting rules.
  public enum Condition: String, Sendable, Hashable, CaseIterable {
    /// An instance restarts again and again.
    case flapping
    /// An instance fails its health checks.
    case unhealthy
    /// Fewer instances run than the job asks for.
    case missing
    /// CPU time is near the limit.
    case cpu
    /// Memory is near the limit.
    case memory
    /// The sandbox is near its disk limit.
    case disk
    /// An update makes no progress.
    case updateStuck = "update_stuck"
    /// The quota of the job's role is nearly used up.
    case quota
  }

  public enum Severity: String, Sendable, Hashable, CaseIterable {
    case page, ticket, info
  }

  public var condition: Condition
  /// Whether the rule is active; false disables a default.
  public var isEnabled: Bool
  /// The time for which the condition must be true before an alert; nil for the condition's default.
  public var period: Duration?
  /// The part of the limit that counts as near, above 0 and at most 1; nil for the default. Only for cpu,
  /// memory, disk, quota.
  public var threshold: Double?
  public var severity: Severity

  public init(
    _ condition: Condition, isEnabled: Bool = true, period: Duration? = nil, threshold: Double? = nil,
    severity: Severity = .ticket
  ) {
    self.condition = condition
    self.isEnabled = isEnabled
    self.period = period
    self.threshold = threshold
    self.severity = severity
  }
}

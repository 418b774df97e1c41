/// The effect of submitting a configuration, as the scheduler computes it without changing anything.
public struct UpdatePlan: Sendable, Hashable {
  public enum Outcome: String, Sendable, Hashable, CaseIterable {
    /// The job does not exist.
    case create
    case update
    /// The next cron run uses the configuration; no instance is touched.
    case replace
    /// No instance would change.
    case unchanged
  }

  /// The change of one instance.
  public struct Change: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
      case add, change, restart, remove
    }

    public var instance: Int
    public var kind: Kind
    public var from: Int?
    public var to: Int?

    public init(instance: Int, kind: Kind, from: Int? = nil, to: Int? = nil) {
      self.instance = instance
      self.kind = kind
      self.from = from
      self.to = to
    }
  }

  public var key: JobKey
  public var outcome: Outcome
  /// The release that the job would be at, and the one it is at.
  public var release: Int
  public var formerRelease: Int?
  public var changes: [Change]
  /// Instances that are left alone.
  public var untouched: Int
  /// Instances by batch, in the order of the update.
  public var batches: [[Int]]
  /// The configuration that the job is at.
  public var current: JobConfiguration?
  /// The configuration that the job would be at.
  public var proposed: JobConfiguration?
  /// Durations of the last updates that succeeded, per changed instance; nil before the first.
  public var secondsPerInstance: Double?
  /// The user that the tasks run as; nil from a scheduler that does not say.
  public var runsAs: RunsAs?
  /// Why tasks of the host can take ports of other tasks; nil when they cannot.
  public var openPorts: String?

  public init(
    key: JobKey, outcome: Outcome, release: Int, formerRelease: Int? = nil, changes: [Change] = [], untouched: Int = 0,
    batches: [[Int]] = [], current: JobConfiguration? = nil, proposed: JobConfiguration? = nil,
    secondsPerInstance: Double? = nil
  ) {
    self.key = key
    self.outcome = outcome
    self.release = release
    self.formerRelease = formerRelease
    self.changes = changes
    self.untouched = untouched
    self.batches = batches
    self.current = current
    self.proposed = proposed
    self.secondsPerInstance = secondsPerInstance
  }
}

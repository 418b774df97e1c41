/// An update of a job with the progress of each of its instances, as the API returns it.
public struct UpdateDetail: Sendable, Hashable {
  /// The progress of an update on one instance.
  public struct Step: Sendable, Hashable {
    public enum Phase: String, Sendable, Hashable, CaseIterable {
      case waiting, working, done, failed
    }

    public var instance: Int
    public var phase: Phase
    /// The release that the instance ran before; nil for a new instance.
    public var from: Int?
    /// The release that it shall run; nil for an instance that goes.
    public var to: Int?
    public var action: InstanceUpdateAction?
    /// Failed runs of the new release so far.
    public var failures: Int
    /// The instance's present task.
    public var task: InstanceStatus?
    /// The last health answer of that task.
    public var health: HealthReport?

    public init(
      instance: Int, phase: Phase, from: Int? = nil, to: Int? = nil, action: InstanceUpdateAction? = nil,
      failures: Int = 0, task: InstanceStatus? = nil, health: HealthReport? = nil
    ) {
      self.instance = instance
      self.phase = phase
      self.from = from
      self.to = to
      self.action = action
      self.failures = failures
      self.task = task
      self.health = health
    }
  }

  public var summary: UpdateSummary
  /// The release that it brings.
  public var release: Int
  /// The release that a rollback restores.
  public var formerRelease: Int
  /// Whether instances that already run the release are restarted.
  public var isRestart: Bool
  /// When it came into its state.
  public var since: Timestamp
  /// The scheduler's time, for ages.
  public var now: Timestamp
  public var configuration: UpdateConfiguration
  public var steps: [Step]
  /// Why instances failed: one report for each instance with a failed run, the newest first.
  public var failures: [TaskEnding]

  public init(
    summary: UpdateSummary, release: Int, formerRelease: Int, isRestart: Bool, since: Timestamp, now: Timestamp,
    configuration: UpdateConfiguration, steps: [Step], failures: [TaskEnding] = []
  ) {
    self.summary = summary
    self.release = release
    self.formerRelease = formerRelease
    self.isRestart = isRestart
    self.since = since
    self.now = now
    self.configuration = configuration
    self.steps = steps
    self.failures = failures
  }
}

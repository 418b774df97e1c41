/// How a job moves from one configuration to another.
public struct UpdateConfiguration: Sendable, Hashable {
  /// Instances updated at once.
  public var batchSize: Int
  /// How long an instance must stay running to count as updated; zero trusts health checks alone.
  public var watch: Duration
  /// Failures of one instance that are forgiven by trying it again.
  public var maxPerInstanceFailures: Int
  /// Failed instances that are tolerated before the update fails.
  public var maxTotalFailures: Int
  /// Whether a failed update puts the former configuration back.
  public var rollbackOnFailure: Bool
  /// True: a batch ends before the next begins. False: the next instance begins as soon as one is done.
  public var waitForBatchCompletion: Bool
  /// True: a replacement runs before its predecessor is stopped. Only for jobs that bear two copies of an instance.
  public var startFirst: Bool

  public init(
    batchSize: Int = 1, watch: Duration = .seconds(45), maxPerInstanceFailures: Int = 0, maxTotalFailures: Int = 0,
    rollbackOnFailure: Bool = true, waitForBatchCompletion: Bool = false, startFirst: Bool = false
  ) {
    self.batchSize = batchSize
    self.watch = watch
    self.maxPerInstanceFailures = maxPerInstanceFailures
    self.maxTotalFailures = maxTotalFailures
    self.rollbackOnFailure = rollbackOnFailure
    self.waitForBatchCompletion = waitForBatchCompletion
    self.startFirst = startFirst
  }
}

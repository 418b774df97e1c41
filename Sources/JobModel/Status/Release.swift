/// An accepted configuration of a job, as the API returns it.
public struct Release: Sendable, Hashable {
  /// From 1, counting up for each job.
  public var number: Int
  public var submittedAt: Timestamp
  /// The user who submitted it: the name that the scheduler knows, or else the owner in the configuration.
  public var user: String?
  /// Why, in the words of who submitted it.
  public var reason: String?
  /// The request that made it: `create`, `update`, `scale`, `rollback to release 3`.
  public var cause: String?
  /// The end of the update that created it; nil while the update is in progress.
  public var result: UpdateStatus?
  /// Whether the job is at this release.
  public var isCurrent: Bool
  /// The number of instances that the scheduler wants at this release now.
  public var running: Int
  public var instances: Int
  public var artifacts: [TaskArtifact]
  public var source: JobSource?

  public init(
    number: Int, submittedAt: Timestamp, user: String? = nil, reason: String? = nil, cause: String? = nil,
    result: UpdateStatus? = nil, isCurrent: Bool = false, running: Int = 0, instances: Int,
    artifacts: [TaskArtifact] = [], source: JobSource? = nil
  ) {
    self.number = number
    self.submittedAt = submittedAt
    self.user = user
    self.reason = reason
    self.cause = cause
    self.result = result
    self.isCurrent = isCurrent
    self.running = running
    self.instances = instances
    self.artifacts = artifacts
    self.source = source
  }
}

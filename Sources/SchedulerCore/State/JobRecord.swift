public import JobModel

/// One job as the scheduler remembers it: its revisions, and which instance should run which of them.
public struct JobRecord: Sendable, Hashable {
  public var key: JobKey
  /// What was ever submitted and is still kept, oldest first.
  public var revisions: [JobRevision]
  /// The number of the revision that the job is at.
  public var current: Int
  /// Which instances should run, and which revision each. During an update two revisions stand here side by side.
  public var desired: [Int: Int]
  /// Instances of a job that is no service, which have ended for good.
  public var completed: Set<Int>
  /// True from a kill of the whole job until its last task has ended.
  public var isEnding: Bool
  /// When a cron job was last due, whether it ran or not.
  public var lastCronDue: Timestamp?
  public var createdAt: Timestamp

  /// The revision of this number.
  public func revision(_ number: Int) -> JobRevision? { revisions.last { $0.number == number } }

  /// The configuration that the job is at.
  public var configuration: JobConfiguration? { revision(current)?.configuration }
}

/// One configuration that was submitted for a job.
public struct JobRevision: Sendable, Hashable {
  /// From 1, counting up for each job.
  public var number: Int
  public var configuration: JobConfiguration
  public var submittedAt: Timestamp
  public var user: String?
}

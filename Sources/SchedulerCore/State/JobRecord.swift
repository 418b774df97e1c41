public import JobModel

/// One job as the scheduler remembers it: its releases, and which instance should run which of them.
public struct JobRecord: Sendable, Hashable {
  public var key: JobKey
  /// Every accepted configuration, oldest first.
  public var revisions: [JobRevision]
  /// The number of the release that the job is at.
  public var current: Int
  /// The instances that should run, with the release of each. During an update, two releases are here side by side.
  public var desired: [Int: Int]
  /// Instances of a job that is not a service, which have ended for good.
  public var completed: Set<Int>
  /// True from a kill of the whole job until its last task has ended.
  public var isEnding: Bool
  /// When a cron job was last due, whether it ran or not.
  public var lastCronDue: Timestamp?
  public var createdAt: Timestamp
  /// When the last task of a killed job had ended; nil while the job exists.
  public var endedAt: Timestamp?

  /// The release of this number.
  public func revision(_ number: Int) -> JobRevision? {
    // Numbers count up by one: the release is where its number says, unless older ones were left out.
    guard let first = revisions.first else { return nil }
    let index = number - first.number
    if revisions.indices.contains(index), revisions[index].number == number { return revisions[index] }
    return revisions.last { $0.number == number }
  }

  /// The configuration that the job is at.
  public var configuration: JobConfiguration? { revision(current)?.configuration }

  /// The release that a rollback restores when it names none: the newest one before the current that was rolled out.
  public var previousRelease: JobRevision? {
    revisions.last { $0.number < current && $0.wasRolledOut }
  }

  /// Whether the job runs by a schedule.
  public var isCron: Bool { configuration?.cron != nil }
}

/// A release: one configuration that was accepted for a job, with who submitted it, when and why. Never changed
/// afterwards but for `result`.
public struct JobRevision: Sendable, Hashable {
  /// The request that made a release.
  public enum Cause: Sendable, Hashable {
    case create, update, scale
    /// A return to the configuration of an earlier release.
    case rollback(to: Int)
  }

  /// From 1, counting up for each job; never used twice.
  public var number: Int
  public internal(set) var shared: SharedConfiguration
  public var submittedAt: Timestamp
  public var user: String?
  /// Why, in the words of who submitted it.
  public var reason: String?
  public var cause: Cause
  /// The end of the update that created the release; nil while it is in progress.
  public var result: UpdateStatus?

  public init(
    number: Int, configuration: JobConfiguration, submittedAt: Timestamp, user: String? = nil, reason: String? = nil,
    cause: Cause = .create, result: UpdateStatus? = nil
  ) {
    self.number = number
    shared = SharedConfiguration(configuration)
    self.submittedAt = submittedAt
    self.user = user
    self.reason = reason
    self.cause = cause
    self.result = result
  }

  public var configuration: JobConfiguration { shared.value }
  /// The git commits of its artifacts.
  public var commits: [String] { configuration.task.artifacts.compactMap(\.commit) }
  /// The digest of the template and all it includes.
  public var templateDigest: String? { configuration.source?.templateDigest }
  /// Whether the whole job was at this release once.
  public var wasRolledOut: Bool { result == .rolledForward }
}

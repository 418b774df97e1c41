public import JSON
public import JobModel

/// Something that people want to hear of, as it is sent to a webhook.
public struct Notice: Sendable, Hashable {
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    case taskFailed = "task_failed"
    case taskLost = "task_lost"
    /// An instance waits because its last runs were too short.
    case taskFlapping = "task_flapping"
    case updateStarted = "update_started"
    case updateFinished = "update_finished"
    case updateFailed = "update_failed"
    /// A rollback has begun, or ended.
    case updateRollingBack = "update_rolling_back"
    case updateRolledBack = "update_rolled_back"
    case updateAborted = "update_aborted"
    case jobKilled = "job_killed"
    case quotaRefused = "quota_refused"
    /// A run of a pipeline has ended.
    case runFailed = "run_failed"
    case runCancelled = "run_cancelled"
    case runSucceeded = "run_succeeded"
    case diskLow = "disk_low"
    /// There is room again.
    case diskFreed = "disk_freed"
  }

  public enum Severity: String, Sendable, Hashable {
    case critical, error, warning, info
  }

  /// The same for each try to deliver it.
  public var id: String
  public var kind: Kind
  public var time: Timestamp
  /// Nil for a notice about the whole host.
  public var key: JobKey?
  public var instance: Int?
  public var task: TaskID?
  public var update: UpdateID?
  public var release: Int?
  public var commit: String?
  public var user: String?
  public var message: String?
  public var cluster: String
  public var host: String

  public init(
    id: String, kind: Kind, time: Timestamp, key: JobKey? = nil, instance: Int? = nil, task: TaskID? = nil,
    update: UpdateID? = nil, release: Int? = nil, commit: String? = nil, user: String? = nil, message: String? = nil,
    cluster: String, host: String
  ) {
    self.id = id
    self.kind = kind
    self.time = time
    self.key = key
    self.instance = instance
    self.task = task
    self.update = update
    self.release = release
    self.commit = commit
    self.user = user
    self.message = message
    self.cluster = cluster
    self.host = host
  }

  public var severity: Severity {
    switch kind {
    case .taskLost, .updateFailed, .diskLow: .critical
    case .taskFailed, .runFailed, .updateRollingBack, .updateRolledBack, .taskFlapping: .error
    case .jobKilled, .quotaRefused, .updateAborted, .runCancelled: .warning
    case .updateStarted, .updateFinished, .diskFreed, .runSucceeded: .info
    }
  }

  /// Its subject: an instance, a job, or the host.
  public var subject: String {
    guard let key else { return "host \(host)" }
    return instance.map { "\(key)/\($0)" } ?? "\(key)"
  }

  /// One sentence, without the message.
  public var title: String {
    switch kind {
    case .taskFailed: "\(subject) failed"
    case .taskLost: "\(subject) was lost"
    case .taskFlapping: "\(subject) is flapping"
    case .updateStarted: "update of \(subject) started" + (release.map { ": release \($0)" } ?? "")
    case .updateFinished: "update of \(subject) finished" + (release.map { ": release \($0)" } ?? "")
    case .updateFailed: "update of \(subject) failed"
    case .updateRollingBack: "update of \(subject) is being rolled back"
    case .updateRolledBack: "update of \(subject) was rolled back"
    case .updateAborted: "update of \(subject) was aborted"
    case .jobKilled: "\(subject) was killed"
    case .quotaRefused: "a quota refused \(subject)"
    case .runFailed: "pipeline run \(subject) failed"
    case .runCancelled: "pipeline run \(subject) was cancelled"
    case .runSucceeded: "pipeline run \(subject) succeeded"
    case .diskLow: "the disk of \(host) is low"
    case .diskFreed: "the disk of \(host) has room again"
    }
  }

  /// The title with the message.
  public var summary: String { title + (message.map { ": \($0)" } ?? "") }

  /// The kind of a recorded change of a task's state; nil for a change without a notice.
  public static func kind(of status: TaskStatus) -> Kind? {
    switch status {
    case .failed: .taskFailed
    case .lost: .taskLost
    case .throttled: .taskFlapping
    default: nil
    }
  }

  /// The kind of a recorded change of an update's state.
  public static func kind(of status: UpdateStatus) -> Kind? {
    switch status {
    case .rollingForward, .rollForwardAwaitingPulse: .updateStarted
    case .rolledForward: .updateFinished
    case .rollingBack: .updateRollingBack
    case .rolledBack: .updateRolledBack
    case .failed, .error: .updateFailed
    case .aborted: .updateAborted
    default: nil
    }
  }
}

extension Notice: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      id: try fields.string("id"), kind: try fields.enumeration("event"), time: try fields.timestamp("time_ms"),
      key: json["key"] == nil ? nil : try fields.jobKey("key"), instance: try fields.optionalInteger("instance"),
      task: try fields.optionalString("task").map { TaskID($0) },
      update: try fields.optionalString("update").map { UpdateID($0) },
      release: try fields.optionalInteger("release"), commit: try fields.optionalString("commit"),
      user: try fields.optionalString("user"), message: try fields.optionalString("message"),
      cluster: try fields.string("cluster"), host: try fields.string("host"))
  }

  public var json: JSONValue {
    .fields([
      "id": .string(id), "event": .raw(kind), "severity": .raw(severity), "time": .string(time.description),
      "time_ms": .time(time), "cluster": .string(cluster), "role": .text(key?.role), "stage": .text(key?.stage),
      "job": .text(key?.name), "key": .text(key?.description), "instance": .integer(instance),
      "task": .text(task?.rawValue), "update": .text(update?.rawValue), "release": .integer(release),
      "commit": .text(commit), "user": .text(user), "host": .string(host), "message": .text(message),
      "summary": .string(summary),
    ])
  }
}

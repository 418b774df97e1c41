public import JobModel

/// An action that the scheduler requests after its state has been stored. Each can be requested again, and then does
/// only the missing work.
public enum Effect: Sendable, Hashable {
  /// Start an executor for the task, unless one was ever started for it. Report `executorStarted` or `executorLost`.
  case launch(TaskAssignment)
  /// Ask the task's executor to end it in its own way (lifecycle, SIGTERM, finalization). Report `executorLost` if
  /// there is no executor.
  case kill(TaskID)
  /// End everything that is left of the task at once, wait until nothing is left, and report `taskDestroyed`. Also for
  /// unknown tasks.
  case destroy(TaskID)
  /// The task is forgotten: its sandbox and checkpoint can be removed.
  case deleteSandbox(TaskID)
  /// Something happened that people want to see.
  case record(RecordedEvent)
  /// Send `tick` at this time. The last one asked for counts.
  case wake(at: Timestamp)
}

/// One line of a job's history.
public struct RecordedEvent: Sendable, Hashable {
  public enum Subject: Sendable, Hashable {
    case job
    case task(TaskID, instance: Int, TaskStatus)
    case update(UpdateID, UpdateStatus)
    case updateInstance(UpdateID, instance: Int, InstanceUpdateAction)
  }

  /// The job of events that concern the whole host.
  public static let host = JobKey(cluster: "host", role: "host", stage: "host", name: "host")

  public var time: Timestamp
  public var job: JobKey
  public var subject: Subject
  public var user: String?
  public var message: String?

  public init(time: Timestamp, job: JobKey, subject: Subject, user: String? = nil, message: String? = nil) {
    self.time = time
    self.job = job
    self.subject = subject
    self.user = user
    self.message = message
  }
}

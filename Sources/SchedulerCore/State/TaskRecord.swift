public import JobModel

/// One task as the scheduler remembers it: one run of one instance, from pending until it is pruned.
public struct TaskRecord: Sendable, Hashable {
  public var id: TaskID
  public var job: JobKey
  public var instance: Int
  /// The order of creation over all tasks.
  public var sequence: Int
  /// Which of the job's releases it runs.
  public var revision: Int
  public internal(set) var shared: SharedConfiguration
  public var status: TaskStatus
  /// When it came into `status`.
  public var since: Timestamp
  /// The host it runs on, from the assignment on, or the host whose place is kept for it; nil for the scheduler's own.
  public var host: String?
  /// Named ports, from the assignment on.
  public var ports: [String: Int]
  /// The task of the same instance that it replaces.
  public var ancestor: TaskID?
  /// How many tasks the instance had before it.
  public var restarts: Int
  /// Failed runs along the ancestors.
  public var failures: Int
  /// Runs in a row, up to the ancestor's, that were too short.
  public var flaps: Int
  /// When it was assigned: the start of its run.
  public var assignedAt: Timestamp?
  /// A throttled task becomes pending at this time: the time of its next try.
  public var notBefore: Timestamp?
  public var executorPID: Int32?
  public var health: HealthReport?
  /// Since when it is running and was not seen unhealthy; nil while it is not.
  public var healthySince: Timestamp?
  /// The reason for its state. `SchedulerState.waitReason` has the reason why a pending task waits.
  public var message: String?
  /// The number of requests to end, and the time of the next.
  public var killAttempts: Int
  public var nextKill: Timestamp?
  /// True for a task that was given up although something of it can still run: its ports, its resources and its
  /// instance stay taken until the host reports that nothing is left.
  public var awaitsEnd: Bool
  /// True for the task of an instance that another task replaces or has replaced (start-first updates): nothing
  /// replaces it when it ends.
  public var isLeaving: Bool
  /// Whether no later task can take the place that it waits for: its predecessor held it.
  public var keepsPlace: Bool
  /// The state (`restarting` or `draining`) that it goes to when the job's SLA policy allows.
  public var requestedEnd: TaskStatus?
  public var events: [TaskEvent]

  public var configuration: JobConfiguration {
    get { shared.value }
    set { shared = SharedConfiguration(newValue) }
  }

  /// The ID of its host's offer.
  var hostID: String { host ?? "" }

  public var instanceKey: InstanceKey { InstanceKey(job: job, instance: instance) }

  /// Whether it takes ports and resources of the host.
  public var holdsPlace: Bool { status.mayHaveExecutor || awaitsEnd }

  /// Whether it waits for a place that is kept for it.
  var claimsPlace: Bool { keepsPlace && (status == .pending || status == .throttled) }

  /// Whether it never existed outside the state.
  var isUnplaced: Bool {
    switch status {
    case .initial, .pending, .throttled: true
    default: false
    }
  }

  /// What its executor is started with, once it has a place.
  public func assignment(on host: HostOffer) -> TaskAssignment {
    TaskAssignment(
      taskID: id, instance: instance, configuration: configuration, ports: ports,
      hostname: host.address ?? host.hostname, release: revision)
  }
}

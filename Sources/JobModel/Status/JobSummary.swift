/// A job in a list of the API.
public struct JobSummary: Sendable, Hashable {
  public var key: JobKey
  public var isService: Bool
  public var cron: CronConfiguration?
  /// The number of instances that the job requests.
  public var instances: Int
  /// The number of live tasks in each state.
  public var counts: [TaskStatus: Int]
  public var artifacts: [TaskArtifact]
  public var owner: String?
  /// The update in progress, or the last one.
  public var update: UpdateSummary?
  /// True from a kill of the whole job until its last task has ended.
  public var isEnding: Bool
  /// The files of its configuration.
  public var source: JobSource?

  public init(
    key: JobKey, isService: Bool, cron: CronConfiguration? = nil, instances: Int, counts: [TaskStatus: Int],
    artifacts: [TaskArtifact] = [], owner: String? = nil, update: UpdateSummary? = nil, isEnding: Bool = false,
    source: JobSource? = nil
  ) {
    self.key = key
    self.isService = isService
    self.cron = cron
    self.instances = instances
    self.counts = counts
    self.artifacts = artifacts
    self.owner = owner
    self.update = update
    self.isEnding = isEnding
    self.source = source
  }
}

/// One instance of a job and its current (or last) task, in the API.
public struct InstanceStatus: Sendable, Hashable {
  public var instance: Int
  public var taskID: TaskID
  public var status: TaskStatus
  /// When it came into this state.
  public var since: Timestamp
  public var ports: [String: Int]
  /// The executor's process id, while one is known.
  public var executorPID: Int32?
  /// The process ids of the task's processes, while they run.
  public var pids: [Int32]
  /// Why it is in this state: why it is pending, how it failed.
  public var message: String?
  /// The number of earlier tasks of this instance.
  public var restarts: Int
  /// Whether the last two runs were too short, so that further runs wait.
  public var isFlapping: Bool
  /// When a throttled instance is started again.
  public var nextTry: Timestamp?
  /// Whether its health checks succeed; nil before the first or without any.
  public var isHealthy: Bool?
  public var artifacts: [TaskArtifact]

  public init(
    instance: Int, taskID: TaskID, status: TaskStatus, since: Timestamp, ports: [String: Int] = [:],
    executorPID: Int32? = nil, pids: [Int32] = [], message: String? = nil, restarts: Int = 0,
    isFlapping: Bool = false, isHealthy: Bool? = nil, artifacts: [TaskArtifact] = []
  ) {
    self.instance = instance
    self.taskID = taskID
    self.status = status
    self.since = since
    self.ports = ports
    self.executorPID = executorPID
    self.pids = pids
    self.message = message
    self.restarts = restarts
    self.isFlapping = isFlapping
    self.isHealthy = isHealthy
    self.artifacts = artifacts
  }
}

/// One step in the life of a task.
public struct TaskEvent: Sendable, Hashable {
  public var time: Timestamp
  public var status: TaskStatus
  public var message: String?

  public init(time: Timestamp, status: TaskStatus, message: String? = nil) {
    self.time = time
    self.status = status
    self.message = message
  }
}

/// An update of a job in the API.
public struct UpdateSummary: Sendable, Hashable {
  public var id: UpdateID
  public var key: JobKey
  public var status: UpdateStatus
  public var startedAt: Timestamp
  public var user: String?
  /// Why it is in this state.
  public var message: String?
  /// Its progress so far, by instance.
  public var instances: [Int: InstanceUpdateAction]
  /// The total number of instances that it has to change.
  public var total: Int

  public init(
    id: UpdateID, key: JobKey, status: UpdateStatus, startedAt: Timestamp, user: String? = nil,
    message: String? = nil, instances: [Int: InstanceUpdateAction] = [:], total: Int = 0
  ) {
    self.id = id
    self.key = key
    self.status = status
    self.startedAt = startedAt
    self.user = user
    self.message = message
    self.instances = instances
    self.total = total
  }
}

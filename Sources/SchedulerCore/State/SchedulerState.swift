public import JobModel

/// All that the scheduler knows. A value: equal states behave equally.
public struct SchedulerState: Sendable, Hashable {
  public var jobs: [JobKey: JobRecord]
  /// Live tasks and those that ended and are still remembered.
  public var tasks: [TaskID: TaskRecord]
  /// Updates in progress and those that are still remembered.
  public var updates: [UpdateID: JobUpdate]
  /// What the host offers; nil until it was told.
  public var host: HostOffer?
  public var quotas: [String: Resources]
  /// The number of the next task or update.
  public var nextSequence: Int
  /// Where the search for a free port goes on, so that a port just freed is not used at once.
  public var nextPort: Int
  /// Time as the scheduler has seen it: never goes back.
  public var time: Timestamp
  public var prunedAt: Timestamp

  /// The task of each instance that is not over. Follows from `tasks`.
  public private(set) var active: [InstanceKey: TaskID]
  /// Tasks that are over but of which something may be left. Follows from `tasks`.
  public private(set) var unfenced: Set<TaskID>

  /// A state with nothing in it.
  public init() {
    self.init(
      jobs: [:], tasks: [:], updates: [:], host: nil, quotas: [:], nextSequence: 1, nextPort: 0,
      time: Timestamp(milliseconds: 0), prunedAt: Timestamp(milliseconds: 0))
  }

  /// A state as it was stored.
  public init(
    jobs: [JobKey: JobRecord], tasks: [TaskID: TaskRecord], updates: [UpdateID: JobUpdate], host: HostOffer?,
    quotas: [String: Resources], nextSequence: Int, nextPort: Int, time: Timestamp, prunedAt: Timestamp
  ) {
    self.jobs = jobs
    self.tasks = tasks
    self.updates = updates
    self.host = host
    self.quotas = quotas
    self.nextSequence = nextSequence
    self.nextPort = nextPort
    self.time = time
    self.prunedAt = prunedAt
    active = [:]
    unfenced = []
    for task in tasks.values {
      if !task.status.isTerminal { active[task.instanceKey] = task.id }
      if task.awaitsEnd { unfenced.insert(task.id) }
    }
  }

  /// Writes a task and keeps what follows from it.
  mutating func put(_ task: TaskRecord) {
    tasks[task.id] = task
    if !task.status.isTerminal {
      active[task.instanceKey] = task.id
    } else if active[task.instanceKey] == task.id {
      active[task.instanceKey] = nil
    }
    if task.awaitsEnd { unfenced.insert(task.id) } else { unfenced.remove(task.id) }
  }

  mutating func removeTask(_ id: TaskID) {
    guard let task = tasks.removeValue(forKey: id) else { return }
    if active[task.instanceKey] == id { active[task.instanceKey] = nil }
    unfenced.remove(id)
  }

  /// The task of an instance that is not over.
  public func activeTask(of key: InstanceKey) -> TaskRecord? { active[key].flatMap { tasks[$0] } }

  /// Tasks that are not over, in the order they were created.
  public var activeTasks: [TaskRecord] {
    active.values.compactMap { tasks[$0] }.sorted { $0.sequence < $1.sequence }
  }

  /// Tasks that take ports and resources, in the order they were created.
  public var placedTasks: [TaskRecord] {
    let ids = Set(active.values).union(unfenced)
    return ids.compactMap { tasks[$0] }.filter(\.holdsPlace).sorted { $0.sequence < $1.sequence }
  }

  /// The update of a job that is not over.
  public func activeUpdate(of job: JobKey) -> JobUpdate? {
    updates.values.first { $0.job == job && !$0.status.isTerminal }
  }
}

/// What a host has for tasks.
public struct HostOffer: Sendable, Hashable {
  public var hostname: String
  /// All that may be given to tasks together.
  public var resources: Resources
  /// The ports that may be allotted.
  public var ports: ClosedRange<Int>
  /// Ports of the range that something else uses.
  public var reservedPorts: Set<Int>

  public init(hostname: String, resources: Resources, ports: ClosedRange<Int>, reservedPorts: Set<Int> = []) {
    self.hostname = hostname
    self.resources = resources
    self.ports = ports
    self.reservedPorts = reservedPorts
  }
}

/// The constants of the scheduler; the defaults are Aurora's.
public struct SchedulerPolicy: Sendable, Hashable {
  /// How long a task may stay in a state that should pass.
  public var transientTimeout: Duration = .seconds(300)
  /// A run shorter than this is too short.
  public var flappingThreshold: Duration = .seconds(300)
  /// Short runs in a row after which the next one does not wait yet. Aurora has none; with one, an instance that was
  /// killed or that died once is replaced at once.
  public var flappingGrace = 1
  public var flappingFirstDelay: Duration = .seconds(30)
  public var flappingMaximumDelay: Duration = .seconds(300)
  /// How long after asking a task to end it is asked again; doubles each time.
  public var killRetry: Duration = .seconds(15)
  /// What a task is given to end on top of its own waits before it is destroyed.
  public var killMargin: Duration = .seconds(10)
  public var maximumInstances = 4000
  /// Ended tasks remembered for a job, and how long any is.
  public var historyPerJob = 100
  public var historyAge: Duration = .seconds(2 * 86_400)
  public var updatesPerJob = 10
  public var revisionsPerJob = 20

  public init() {}
}

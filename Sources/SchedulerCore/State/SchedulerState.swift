public import JobModel
internal import Pipelines

/// All that the scheduler knows. A value: equal states behave equally.
public struct SchedulerState: Sendable {
  public internal(set) var jobs: [JobKey: JobRecord]
  /// Jobs that were killed and whose history is still remembered.
  public internal(set) var formerJobs: [JobKey: JobRecord]
  /// Live tasks and those that ended and are still remembered.
  public internal(set) var tasks: [TaskID: TaskRecord]
  /// Updates in progress and those that are still remembered.
  public internal(set) var updates: [UpdateID: JobUpdate]
  /// What the hosts offer, by ID; none until it was told.
  public internal(set) var hosts: [HostOffer]
  /// Set while the host is being emptied.
  public internal(set) var drain: HostDrain?
  /// What the scheduler's clock counts from; nil before the first event of a host that has clocks.
  public internal(set) var clock: SchedulerClock.Anchor?
  public internal(set) var quotas: [QuotaKey: Resources]
  /// Runs of pipelines in progress and those that are still remembered, by id.
  public private(set) var pipelines: [String: PipelineRecord] = [:]
  /// Pipelines that start by themselves, by `ROLE/STAGE/NAME`.
  public internal(set) var schedules: [String: ScheduledPipeline] = [:]
  /// The jobs of their steps. Follows from them.
  public private(set) var stepJobs: [JobKey: StepPlace] = [:]
  /// The number of the next task or update.
  public internal(set) var nextSequence: Int
  /// Where the search for a free port goes on, so that a port just freed is not used at once.
  public internal(set) var nextPort: Int
  /// Time as the scheduler has seen it. It goes back only with `SchedulerInput.clockSet`.
  public internal(set) var time: Timestamp
  public var prunedAt: Timestamp

  /// Follows from the records.
  private(set) var index: StateIndex

  /// A state with nothing in it.
  public init() {
    self.init(
      jobs: [], tasks: [], updates: [], hosts: [], quotas: [:], nextSequence: 1, nextPort: 0,
      time: Timestamp(milliseconds: 0), prunedAt: Timestamp(milliseconds: 0))
  }

  /// A state as it was stored.
  public init(
    jobs: [JobRecord], tasks: [TaskRecord], updates: [JobUpdate], hosts: [HostOffer], drain: HostDrain? = nil,
    clock: SchedulerClock.Anchor? = nil, quotas: [QuotaKey: Resources], pipelines: [PipelineRecord] = [],
    schedules: [ScheduledPipeline] = [], nextSequence: Int, nextPort: Int, time: Timestamp, prunedAt: Timestamp
  ) {
    self.jobs = [:]
    formerJobs = [:]
    self.tasks = [:]
    self.updates = [:]
    self.hosts = hosts
    self.drain = drain
    self.clock = clock
    self.quotas = quotas
    self.nextSequence = nextSequence
    self.nextPort = nextPort
    self.time = time
    self.prunedAt = prunedAt
    index = StateIndex()
    for job in jobs {
      if job.endedAt == nil { set(job: job.key, job) } else { formerJobs[job.key] = job }
    }
    for task in tasks { set(task: task.id, task) }
    for update in updates { set(update: update.id, update) }
    for record in pipelines { set(pipeline: record.run.id, record) }
    for schedule in schedules { self.schedules[schedule.key] = schedule }
  }

  // Every change of a record goes through one of these, which keep the index.

  mutating func set(task id: TaskID, _ task: TaskRecord?) {
    let former = task.map { tasks.updateValue($0, forKey: id) } ?? tasks.removeValue(forKey: id)
    index.replace(former, by: task)
  }

  mutating func set(job key: JobKey, _ job: JobRecord?) {
    let former = job.map { jobs.updateValue($0, forKey: key) } ?? jobs.removeValue(forKey: key)
    index.replace(former, by: job)
  }

  mutating func set(update id: UpdateID, _ update: JobUpdate?) {
    let former = update.map { updates.updateValue($0, forKey: id) } ?? updates.removeValue(forKey: id)
    index.replace(former, by: update)
  }

  mutating func set(pipeline id: String, _ record: PipelineRecord?) {
    let former = pipelines[id]
    pipelines[id] = record
    // The steps of a run never change.
    if former == nil, let record {
      for step in record.run.definition.steps.indices {
        stepJobs[record.jobKey(ofStep: step)] = StepPlace(run: id, step: step)
      }
    } else if record == nil, let former {
      for step in former.run.definition.steps.indices { stepJobs[former.jobKey(ofStep: step)] = nil }
    }
  }

  // MARK: Look-ups

  /// The task of an instance that is not over.
  public func activeTask(of key: InstanceKey) -> TaskRecord? {
    index.jobs[key.job]?.active[key.instance].flatMap { tasks[$0] }
  }

  /// Tasks that are not over, in the order they were created.
  public var activeTasks: [TaskRecord] { records(index.jobs.values.flatMap(\.active.values)) }

  /// The tasks of a job that are not over, in the order of creation; without those that another task replaces.
  public func activeTasks(of job: JobKey) -> [TaskRecord] {
    records(index.jobs[job].map { Array($0.active.values) } ?? [])
  }

  /// The tasks of a job that another task replaces, in the order of creation.
  public func leavingTasks(of job: JobKey) -> [TaskRecord] { records(index.jobs[job].map { Array($0.leaving) } ?? []) }

  /// The ids of tasks that take ports and resources.
  public var placedIDs: Set<TaskID> { index.placed }

  /// Tasks that are over but can have remains.
  public var unfenced: Set<TaskID> { index.unfenced }

  /// Tasks that take ports and resources, in the order they were created.
  public var placedTasks: [TaskRecord] { records(Array(index.placed)) }

  /// Resources that tasks take of all hosts.
  public var usedResources: Resources { index.loads.values.reduce(.zero) { $0 + $1.used } }

  /// Resources that tasks take of one host, by its ID.
  public func usedResources(of host: String) -> Resources { index.loads[host]?.used ?? .zero }

  /// All hosts as if they were one; nil before the first offer.
  public var pool: HostOffer? {
    guard let first = hosts.first else { return nil }
    guard hosts.count > 1 else { return first }
    return HostOffer(
      hostname: "\(hosts.count) hosts", resources: hosts.reduce(.zero) { $0 + $1.resources }, ports: first.ports)
  }

  /// The host of a task that has a place, as long as it offers itself.
  public func host(of task: TaskRecord) -> HostOffer? { hosts.first { $0.id == task.hostID } }

  /// The update of a job that is not over.
  public func activeUpdate(of job: JobKey) -> JobUpdate? { index.jobs[job]?.update.flatMap { updates[$0] } }

  /// The updates of a job that are remembered, the newest first.
  public func updates(of job: JobKey) -> [JobUpdate] {
    (index.jobs[job]?.updates ?? []).compactMap { updates[$0] }
      // Ids end in a number that counts up.
      .sorted { ($0.startedAt, $0.id.rawValue.count, $0.id) > ($1.startedAt, $1.id.rawValue.count, $1.id) }
  }

  /// A job that exists, or one that was killed and is still remembered.
  public func record(of job: JobKey) -> JobRecord? { jobs[job] ?? formerJobs[job] }

  /// The total requests of the jobs that a quota counts.
  public func quotaUse(_ key: QuotaKey) -> Resources { index.quotaUse[key] ?? .zero }

  private func records(_ ids: [TaskID]) -> [TaskRecord] {
    ids.compactMap { tasks[$0] }.sorted { $0.sequence < $1.sequence }
  }
}

extension SchedulerState: Equatable {
  /// Equality of the records, from which the rest follows.
  public static func == (left: SchedulerState, right: SchedulerState) -> Bool {
    left.jobs == right.jobs && left.formerJobs == right.formerJobs && left.tasks == right.tasks
      && left.updates == right.updates && left.hosts == right.hosts && left.drain == right.drain
      && left.clock == right.clock
      && left.quotas == right.quotas && left.pipelines == right.pipelines && left.schedules == right.schedules
      && left.nextSequence == right.nextSequence
      && left.nextPort == right.nextPort
      && left.time == right.time && left.prunedAt == right.prunedAt
  }
}

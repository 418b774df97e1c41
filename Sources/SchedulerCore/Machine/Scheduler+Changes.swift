internal import JobModel
internal import Pipelines

/// What an event has overwritten: the way back when its outcome cannot be stored.
struct Undo: Sendable {
  /// All of the state but its records.
  struct Scalars: Sendable {
    var hosts: [HostOffer]
    var drain: HostDrain?
    var clock: SchedulerClock.Anchor?
    var nextSequence: Int
    var nextPort: Int
    var time: Timestamp
    var prunedAt: Timestamp
    var isAdopting: Bool
  }

  var scalars: Scalars?
  /// The records as they were, each once; nil for one that was not there.
  var tasks: [(TaskID, TaskRecord?)] = []
  var jobs: [(JobKey, JobRecord?, former: JobRecord?)] = []
  var updates: [(UpdateID, JobUpdate?)] = []
  var quotas: [(QuotaKey, Resources?)] = []
  var pipelines: [(String, PipelineRecord?)] = []
  var schedules: [(String, ScheduledPipeline?)] = []
}

// The ways in which the state machine changes records: each notes what was there, and keeps what follows.
extension Scheduler {
  var scalars: Undo.Scalars {
    Undo.Scalars(
      hosts: state.hosts, drain: state.drain, clock: state.clock, nextSequence: state.nextSequence,
      nextPort: state.nextPort, time: state.time, prunedAt: state.prunedAt, isAdopting: isAdopting)
  }

  mutating func put(_ task: TaskRecord) { set(task.id, task) }

  mutating func removeTask(_ id: TaskID) { set(id, nil as TaskRecord?) }

  private mutating func set(_ id: TaskID, _ task: TaskRecord?) {
    let former = state.tasks[id]
    if changes.tasks.insert(id).inserted { undo.tasks.append((id, former)) }
    state.set(task: id, task)
    follow(former, task)
  }

  mutating func put(_ job: JobRecord) { set(job.key, job) }

  mutating func removeJob(_ key: JobKey) { set(key, nil as JobRecord?) }

  private mutating func set(_ key: JobKey, _ job: JobRecord?) {
    noteJob(key)
    state.set(job: key, job)
    if let job { follow(job) } else { timers.set(.cron(key), nil) }
    touched.insert(key)
  }

  /// Remembers a job that was killed; nil forgets it.
  mutating func setFormer(_ key: JobKey, _ job: JobRecord?) {
    noteJob(key)
    state.formerJobs[key] = job
  }

  private mutating func noteJob(_ key: JobKey) {
    if changes.jobs.insert(key).inserted {
      undo.jobs.append((key, state.jobs[key], former: state.formerJobs[key]))
    }
  }

  mutating func put(_ update: JobUpdate) { set(update.id, update) }

  mutating func removeUpdate(_ id: UpdateID) { set(id, nil as JobUpdate?) }

  private mutating func set(_ id: UpdateID, _ update: JobUpdate?) {
    if !(plants(.forgetsToStore) && update?.status == .rollingBack), changes.updates.insert(id).inserted {
      undo.updates.append((id, state.updates[id]))
    }
    state.set(update: id, update)
    if let update { touched.insert(update.job) }
  }

  mutating func setQuota(_ key: QuotaKey, _ resources: Resources?, user: String?) {
    if changes.quotas.insert(key).inserted { undo.quotas.append((key, state.quotas[key])) }
    state.quotas[key] = resources
    record(
      RecordedEvent.host, .job, user: user, message: "quota of \(key) \(resources == nil ? "removed" : "set")")
  }

  /// Reverts an outcome, the last one first.
  public mutating func revert(_ outcome: Outcome) {
    for (id, task) in outcome.undo.tasks {
      let present = state.tasks[id]
      state.set(task: id, task)
      follow(present, task)
    }
    for (key, job, former) in outcome.undo.jobs where !plants(.takesBackHalf) {
      state.set(job: key, job)
      state.formerJobs[key] = former
      if let job { follow(job) } else { timers.set(.cron(key), nil) }
      touched.insert(key)
    }
    for (id, update) in outcome.undo.updates {
      let key = update?.job ?? state.updates[id]?.job
      state.set(update: id, update)
      if let key { touched.insert(key) }
    }
    for (key, resources) in outcome.undo.quotas { state.quotas[key] = resources }
    for (key, schedule) in outcome.undo.schedules {
      state.schedules[key] = schedule
      followSchedule(key)
    }
    for (id, record) in outcome.undo.pipelines {
      state.set(pipeline: id, record)
      timers.set(.pipeline(id), record?.run.nextDeadline)
      touchedRuns.insert(id)
    }
    // A run that waited for one that was taken back.
    if !outcome.undo.pipelines.isEmpty { touchedRuns.formUnion(state.pipelines.keys) }
    if let scalars = outcome.undo.scalars {
      state.hosts = scalars.hosts
      state.drain = scalars.drain
      state.clock = scalars.clock
      state.nextSequence = scalars.nextSequence
      state.nextPort = scalars.nextPort
      state.time = scalars.time
      state.prunedAt = scalars.prunedAt
      isAdopting = scalars.isAdopting
    }
    timers.set(.drain, state.drain?.forceAt)
    pending.retryAll()
  }

  /// Updates values that follow from a task: its due time, its position in the queue, its job's update.
  mutating func follow(_ former: TaskRecord?, _ task: TaskRecord?) {
    guard let id = task?.id ?? former?.id else { return }
    timers.set(.task(id), task.flatMap { deadline(of: $0) })
    if let changed = task ?? former, let place = state.stepJobs[changed.job] {
      touchedSteps[place.run, default: [:]][id] = PartitionKey(step: place.step, partition: changed.instance)
    }
    if let task { touched.insert(task.job) } else if let former { touched.insert(former.job) }
    if let task, task.status == .pending {
      if state.index.jobs[task.job]?.unfenced[task.instance] == nil || plants(.ignoresLeftovers) {
        pending.insert(task)
      }
    } else if former?.status == .pending {
      pending.remove(id)
    }
    if let former, former.holdsPlace || former.claimsPlace, !(task?.holdsPlace ?? false) {
      pending.retryAll()
      // Tasks that waited for its end can be placed now.
      if former.awaitsEnd, let waiting = state.activeTask(of: former.instanceKey), waiting.status == .pending {
        pending.insert(waiting)
      }
    }
  }

  /// Keeps the next due time of a job's schedule.
  mutating func follow(_ job: JobRecord) { timers.set(.cron(job.key), cronDeadline(of: job)) }

  /// Whether what is kept beside the records follows from them: always, or there is a mistake. For tests.
  package var indexIsRight: Bool {
    let right = SchedulerState(
      jobs: Array(state.jobs.values) + Array(state.formerJobs.values), tasks: Array(state.tasks.values),
      updates: Array(state.updates.values), hosts: state.hosts, drain: state.drain, quotas: state.quotas,
      nextSequence: state.nextSequence, nextPort: state.nextPort, time: state.time, prunedAt: state.prunedAt)
    return right.index == state.index
  }
}

// SchedulerCore: the scheduler as a pure state machine. (state, event, time) gives (state, effects); no input, no
// output, no clock and no randomness of its own, so that days of trouble can be simulated in seconds and a failing
// seed replays.

public import JobModel

/// The state machine. Takes events one at a time; whoever drives it stores the outcome before carrying out effects.
public struct Scheduler: Sendable {
  public private(set) var policy: SchedulerPolicy
  public internal(set) var state: SchedulerState

  var effects: [Effect] = []
  var changes = Changes()
  /// From the start with a stored state until `executorsFound`: what runs is not known yet, so that nothing is started
  /// or given up. Otherwise a task could be launched here and again as one that was found to have no executor.
  var isAdopting: Bool

  public init(state: SchedulerState = SchedulerState(), policy: SchedulerPolicy = SchedulerPolicy()) {
    self.state = state
    isAdopting = !state.placedTasks.isEmpty
    self.policy = policy
  }

  /// What one event led to.
  public struct Outcome: Sendable, Hashable {
    /// To be carried out in this order, after the changes have been stored.
    public var effects: [Effect]
    public var changes: Changes
  }

  /// What differs from the state before; a key that is in the state no more was deleted.
  public struct Changes: Sendable, Hashable {
    public var jobs: Set<JobKey> = []
    public var tasks: Set<TaskID> = []
    public var updates: Set<UpdateID> = []
    public var quotas: Set<String> = []

    public var isEmpty: Bool { jobs.isEmpty && tasks.isEmpty && updates.isEmpty && quotas.isEmpty }
  }

  /// Takes one event.
  ///
  /// - Throws: when a request is refused; the state is then as it was.
  public mutating func apply(_ event: Event, at time: Timestamp) throws(SchedulerError) -> Outcome {
    effects = []
    changes = Changes()
    // Clocks are set back; deadlines must not be missed, nor histories run backwards.
    state.time = max(state.time, time)
    try take(event)
    settle()
    defer {
      effects = []
      changes = Changes()
    }
    return Outcome(effects: effects, changes: changes)
  }

  var now: Timestamp { state.time }

  // Requests check everything before they change anything.
  private mutating func take(_ event: Event) throws(SchedulerError) {
    switch event {
    case .createJob(let configuration, let user): try create(configuration, user: user)
    case .killJob(let key, let instances, let user): try kill(key, instances: instances, user: user)
    case .addInstances(let key, let count, let user): try addInstances(key, count: count, user: user)
    case .restartInstances(let key, let instances, let user): try restart(key, instances: instances, user: user)
    case .startUpdate(let configuration, let instances, let restart, let user):
      try startUpdate(configuration, instances: instances, isRestart: restart, user: user)
    case .pauseUpdate(let key, let user): try pauseUpdate(key, user: user)
    case .resumeUpdate(let key, let user): try resumeUpdate(key, user: user)
    case .abortUpdate(let key, let user): try abortUpdate(key, user: user)
    case .rollbackUpdate(let key, let user): try rollbackUpdate(key, user: user)
    case .startCron(let key, let user): try startCron(key, user: user)
    case .setQuota(let role, let resources):
      state.quotas[role] = resources
      changes.quotas.insert(role)
    case .taskStatus(let id, let status, let message): report(id, status, message: message)
    case .taskHealth(let id, let health): report(id, health)
    case .executorStarted(let id, let pid): executorStarted(id, pid: pid)
    case .hostOffer(let offer): state.host = offer
    case .executorLost(let id, let message): executorLost(id, message: message)
    case .taskDestroyed(let id): taskDestroyed(id)
    case .executorsFound(let live, let dead): executorsFound(live: live, dead: dead)
    case .tick: break
    }
  }

  /// What follows from any event: timers that are due, updates that can go on, tasks that find a place.
  private mutating func settle() {
    guard !isAdopting else { return }
    runTimers()
    runCron()
    advanceUpdates()
    placePending()
    forgetEndedJobs()
    prune()
    if let wake = nextWake() { effects.append(.wake(at: wake)) }
  }

  mutating func put(_ task: TaskRecord) {
    state.put(task)
    changes.tasks.insert(task.id)
  }

  mutating func put(_ job: JobRecord) {
    state.jobs[job.key] = job
    changes.jobs.insert(job.key)
  }

  mutating func put(_ update: JobUpdate) {
    state.updates[update.id] = update
    changes.updates.insert(update.id)
  }

  mutating func record(
    _ job: JobKey, _ subject: RecordedEvent.Subject, user: String? = nil, message: String? = nil
  ) {
    effects.append(
      .record(RecordedEvent(time: now, job: job, subject: subject, user: user, message: message)))
  }

  mutating func nextSequence() -> Int {
    defer { state.nextSequence += 1 }
    return state.nextSequence
  }
}

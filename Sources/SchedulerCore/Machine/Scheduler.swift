// SchedulerCore: the scheduler as a pure state machine. (state, event, time) gives (state, effects); no input, no
// output, no clock and no randomness of its own, so that days of trouble can be simulated in seconds and a failing
// seed replays.

public import JobModel
public import Pipelines

/// The state machine. Takes events one at a time; whoever drives it stores the outcome before carrying out effects.
///
/// An event costs by what it changes: due times, waiting tasks and all sums are kept, never searched for.
public struct Scheduler: Sendable {
  public let policy: SchedulerPolicy
  public let zones: TimeZones
  public internal(set) var state: SchedulerState

  var effects: [Effect] = []
  var changes = Changes()
  var undo = Undo()
  /// From the start with a stored state until `executorsFound`: the running tasks are unknown, so nothing is started or
  /// given up. Otherwise a task could be launched here, and again as a task without an executor.
  var isAdopting: Bool

  // Values that follow from the state and the policy.
  var timers = TimerQueue<TimerKey>()
  var pending = PendingQueue()
  /// When it was last tried to make room for waiting tasks.
  var preemptedAt: Timestamp?
  /// Jobs whose update, SLA requests or end must be looked at.
  var touched: Set<JobKey> = []
  /// Runs of pipelines that must be looked at whole.
  var touchedRuns: Set<String> = []
  /// Tasks of steps that have changed, with their partitions, by run.
  var touchedSteps: [String: [TaskID: PartitionKey]] = [:]
  /// Whether runs wait for their store: nothing new starts in them. Not stored: the owner says it after each start.
  var holdsPipelines = false

  public init(
    state: SchedulerState = SchedulerState(), policy: SchedulerPolicy = SchedulerPolicy(),
    zones: TimeZones = TimeZones.none
  ) {
    self.state = state
    self.policy = policy
    self.zones = zones
    isAdopting = !state.placedIDs.isEmpty
    for task in state.tasks.values { follow(nil, task) }
    for job in state.jobs.values { follow(job) }
    for update in state.updates.values where !update.status.isTerminal { touched.insert(update.job) }
    touched.formUnion(state.index.ending)
    touchedRuns = Set(state.pipelines.keys)
    for key in state.schedules.keys { followSchedule(key) }
    timers.set(.drain, state.drain?.forceAt)
  }

  /// What one event led to.
  public struct Outcome: Sendable {
    /// To be carried out in this order, after the changes have been stored.
    public var effects: [Effect]
    public var changes: Changes
    var undo: Undo
  }

  /// What differs from the state before; a key that is in the state no more was deleted.
  public struct Changes: Sendable, Hashable {
    public var jobs: Set<JobKey> = []
    public var tasks: Set<TaskID> = []
    public var updates: Set<UpdateID> = []
    public var quotas: Set<QuotaKey> = []
    /// What changed of each run of a pipeline, and which runs are new.
    public var pipelines: [String: PipelineOutcome] = [:]
    public var newPipelines: Set<String> = []
    public var schedules: Set<String> = []
    /// By how much times of recorded events move: the clock was set.
    public var clockShift = Duration.zero

    public init() {}

    public var isEmpty: Bool {
      jobs.isEmpty && tasks.isEmpty && updates.isEmpty && quotas.isEmpty && pipelines.isEmpty && schedules.isEmpty
        && clockShift == .zero
    }

    /// Adds what a later event changed.
    public mutating func formUnion(_ other: Changes) {
      jobs.formUnion(other.jobs)
      tasks.formUnion(other.tasks)
      updates.formUnion(other.updates)
      quotas.formUnion(other.quotas)
      for (id, outcome) in other.pipelines { pipelines[id, default: PipelineOutcome()].formUnion(outcome) }
      newPipelines.formUnion(other.newPipelines)
      schedules.formUnion(other.schedules)
      clockShift += other.clockShift
    }
  }

  /// Takes one event.
  ///
  /// - Throws: when a request is refused; the state is then as it was.
  public mutating func apply(_ event: SchedulerInput, at time: Timestamp) throws(SchedulerError) -> Outcome {
    undo = Undo(scalars: scalars)
    // Late news must not make histories run backwards. The time after a jump counts from the jump on.
    if case .clockSet = event {} else { state.time = max(state.time, time) }
    do {
      try take(event)
      state.time = max(state.time, time)
    } catch {
      let outcome = finish()
      revert(outcome)
      throw error
    }
    settle()
    return finish()
  }

  private mutating func finish() -> Outcome {
    defer {
      effects = []
      changes = Changes()
      undo = Undo()
    }
    return Outcome(effects: effects, changes: changes, undo: undo)
  }

  var now: Timestamp { state.time }

  /// Whether to make this mistake.
  func plants(_ fault: PlantedFault) -> Bool { policy.plantedFault == fault }

  // Requests check everything before they change anything.
  private mutating func take(_ event: SchedulerInput) throws(SchedulerError) {
    switch event {
    case .createJob(let configuration, let user, let reason): try create(configuration, user: user, reason: reason)
    case .killJob(let key, let instances, let user, let reason):
      try kill(key, instances: instances, user: user, reason: reason)
    case .addInstances(let key, let count, let user): try addInstances(key, count: count, user: user)
    case .restartInstances(let key, let instances, let user): try restart(key, instances: instances, user: user)
    case .startUpdate(let configuration, let instances, let restart, let user, let reason):
      try startUpdate(
        configuration, instances: instances, isRestart: restart, cause: .update, user: user, reason: reason)
    case .scaleJob(let key, let count, let user, let reason): try scale(key, to: count, user: user, reason: reason)
    case .rollbackJob(let key, let number, let user, let reason):
      try rollback(key, to: number, user: user, reason: reason)
    case .pauseUpdate(let key, let user): try pauseUpdate(key, user: user)
    case .resumeUpdate(let key, let user): try resumeUpdate(key, user: user)
    case .pulseUpdate(let key, let user): try pulseUpdate(key, user: user)
    case .abortUpdate(let key, let user): try abortUpdate(key, user: user)
    case .rollbackUpdate(let key, let user): try rollbackUpdate(key, user: user)
    case .startCron(let key, let user): try startCron(key, user: user)
    case .setQuota(let key, let resources, let user): setQuota(key, resources, user: user)
    case .startDrain(let patience, let user, let reason): startDrain(patience: patience, user: user, reason: reason)
    case .endDrain(let user): try endDrain(user: user)
    case .startPipeline(let record, let user): try startPipeline(record, user: user)
    case .schedulePipeline(let schedule, let user): try schedulePipeline(schedule, user: user)
    case .deschedulePipeline(let key, let user): try deschedulePipeline(key, user: user)
    case .adoptPipeline(let record): try adoptPipeline(record)
    case .abandonPipelines(let ids, let message): abandonPipelines(ids, message: message)
    case .holdPipelines(let isHeld): holdPipelines(isHeld)
    case .cancelPipeline(let id, _): try cancelPipeline(id)
    case .retryPipeline(let id, _): try retryPipeline(id)
    case .stepEnded(let id, let end): stepEnded(id, end)
    case .stepHeartbeat(let id, let time): stepHeartbeat(id, at: time)
    case .taskStatus(let id, let status, let message): report(id, status, message: message)
    case .taskHealth(let id, let health): report(id, health)
    case .executorStarted(let id, let pid): executorStarted(id, pid: pid)
    case .hostOffer(let offer): takeOffers([offer])
    case .hostOffers(let offers): takeOffers(offers)
    case .executorLost(let id, let message): executorLost(id, message: message)
    case .taskDestroyed(let id): taskDestroyed(id)
    case .executorsFound(let live, let dead): executorsFound(live: live, dead: dead)
    case .clockSet(let anchor, let shift):
      state.clock = anchor
      if shift != .zero { moveTimes(by: shift) }
    case .tick: break
    }
  }

  /// What follows from any event: timers that are due, updates that can go on, tasks that find a place.
  private mutating func settle() {
    guard !isAdopting else { return }
    runTimers()
    while !touched.isEmpty || !touchedRuns.isEmpty || !touchedSteps.isEmpty {
      let keys = touched.sorted()
      touched = []
      for key in keys {
        // Before a job that was killed is forgotten: its run must see why its attempts ended.
        if let place = state.stepJobs[key] { advancePipeline(place.run, all: false) }
        advanceUpdate(of: key)
        endRequested(of: key)
        forgetIfEnded(key)
      }
      let runs = touchedRuns.sorted()
      touchedRuns = []
      for id in runs { advancePipeline(id, all: true) }
      for id in touchedSteps.keys.sorted() { advancePipeline(id, all: false) }
    }
    placePending()
    prune()
    if let wake = timers.next() { effects.append(.wake(at: wake)) }
  }

  mutating func nextSequence() -> Int {
    defer { state.nextSequence += 1 }
    return state.nextSequence
  }

  mutating func record(
    _ job: JobKey, _ subject: RecordedEvent.Subject, user: String? = nil, message: String? = nil
  ) {
    effects.append(
      .record(RecordedEvent(time: now, job: job, subject: subject, user: user, message: message)))
  }
}

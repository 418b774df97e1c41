internal import JSON
internal import JobModel
internal import Pipelines

// Runs of pipelines: PipelineRun decides, and its attempts are tasks. What a task has come to is read from its record each
// time, so that nothing that was reported can be lost between two inputs.
extension Scheduler {
  mutating func startPipeline(_ record: PipelineRecord, user: String?) throws(SchedulerError) {
    let id = record.run.id
    guard state.pipelines[id] == nil else { throw .runExists(id) }
    for step in record.run.definition.steps.indices {
      let configuration = record.configuration(ofStep: step)
      try check(configuration)
      try checkQuota(configuration, instances: 1)
    }
    var record = record
    record.run.queues = true
    record.run.user = user ?? record.run.user
    record.run.createdAt = now
    record.queuedAt = now
    put(record, wholly: true)
    record.run.isHeld = holds(record)
    let outcome = record.run.begin(at: now)
    carryOut(outcome, of: record)
  }

  /// Whether a run has to wait: for the store of runs, or for earlier runs of the same pipeline.
  func holds(_ record: PipelineRecord) -> Bool {
    if holdsPipelines, !plants(.launchesHeldSteps) { return true }
    guard let limit = record.run.definition.runLimit else { return false }
    return state.runs(before: record).count >= limit
  }

  /// Holds back what would start in every run, or lets it start.
  mutating func holdPipelines(_ isHeld: Bool) {
    guard holdsPipelines != isHeld else { return }
    holdsPipelines = isHeld
    touchedRuns.formUnion(state.pipelines.keys)
  }

  /// Another scheduler has these runs now: their tasks end, and the runs are forgotten here.
  mutating func abandonPipelines(_ ids: Set<String>, message: String) {
    for id in ids.sorted() {
      guard let record = state.pipelines[id], !record.run.status.isTerminal else { continue }
      removePipeline(id)
      for step in record.run.definition.steps.indices {
        let key = record.jobKey(ofStep: step)
        guard var job = state.jobs[key], !job.isEnding else { continue }
        job.isEnding = true
        job.desired = [:]
        put(job)
        for task in state.activeTasks(of: key) {
          if task.isUnplaced { deleteTask(task, message: message) } else { killTask(task.id, message: message) }
        }
      }
    }
  }

  /// Takes a run over that another scheduler has stored. What it saw running there counts as lost.
  mutating func adoptPipeline(_ record: PipelineRecord) throws(SchedulerError) {
    let id = record.run.id
    if let known = state.pipelines[id], !known.run.status.isTerminal { throw .runExists(id) }
    for step in record.run.definition.steps.indices {
      let key = record.jobKey(ofStep: step)
      // Its tasks from an earlier time here must have ended: their instances are used again.
      guard state.jobs[key] == nil else { throw .jobIsEnding(key) }
    }
    var record = record
    record.reports = [:]
    put(record, wholly: true)
    guard !record.run.status.isTerminal else { return }
    let lost = record.run.activeKeys.map { key in
      PipelineInput.ended(key, .lost(message: "another scheduler takes the run over"))
    }
    advance(record, lost + [.tick])
  }

  mutating func cancelPipeline(_ id: String) throws(SchedulerError) {
    let record = try existingRun(id)
    guard !record.run.status.isTerminal else { throw .runHasEnded(id, record.run.status) }
    advance(record, [.cancel])
  }

  mutating func retryPipeline(_ id: String) throws(SchedulerError) {
    let record = try existingRun(id)
    switch record.run.status {
    case .failed, .cancelled: break
    case .succeeded: throw .runHasEnded(id, .succeeded)
    case .running, .cancelling: throw .runIsInProgress(id)
    }
    // A job of an earlier try that still ends is the only thing that could be started twice.
    for step in record.run.steps.indices where state.jobs[record.jobKey(ofStep: step)]?.isEnding == true {
      throw .jobIsEnding(record.jobKey(ofStep: step))
    }
    var again = record
    again.queuedAt = now
    put(again, wholly: true)
    advance(again, [.retry])
  }

  private func existingRun(_ id: String) throws(SchedulerError) -> PipelineRecord {
    guard let record = state.pipelines[id] else { throw .noSuchRun(id) }
    return record
  }

  /// What the task of an attempt has put out, or why that cannot be used. Comes before the task's end.
  mutating func stepEnded(_ id: TaskID, _ end: AttemptEnd) {
    guard let task = state.tasks[id], let place = state.stepJobs[task.job], var record = state.pipelines[place.run]
    else { return }
    record.reports[id] = end
    put(record)
  }

  mutating func stepHeartbeat(_ id: TaskID, at time: Timestamp) {
    guard let (record, key) = state.stepAttempt(of: id) else { return }
    advance(record, [.heartbeat(key, at: min(time, now))])
  }

  /// Looks at the tasks of a run that have changed, or at `all` of its tasks, and does what is due.
  ///
  /// The cost depends on the tasks that have changed, not on the size of the run, as long as nothing is new in them.
  mutating func advancePipeline(_ id: String, all: Bool) {
    let changed = touchedSteps.removeValue(forKey: id) ?? [:]
    guard let record = state.pipelines[id], !record.run.status.isTerminal else { return }
    let keys = all ? record.run.activeKeys : changed.compactMap { task, place in record.attempt(of: task, at: place) }
    var inputs: [PipelineInput] = []
    for key in keys.sorted() {
      if let input = news(of: key, record) { inputs.append(input) }
    }
    guard all || !inputs.isEmpty else { return }
    advance(record, inputs + [.tick])
  }

  /// What has become of the task of an attempt; nil for nothing new.
  private func news(of key: AttemptKey, _ record: PipelineRecord) -> PipelineInput? {
    guard let attempt = record.run[key], let name = attempt.task else { return nil }
    let isKilled = state.jobs[record.jobKey(ofStep: key.partition.step)]?.isEnding == true
    let killed = AttemptEnd.failed(exitCode: nil, message: "its job was killed")
    guard let task = state.tasks[TaskID(name)] else {
      return .ended(key, isKilled ? killed : .lost(message: "its task was ended before it started"))
    }
    if task.status.isTerminal {
      // Something of it may still run: the attempt is not over.
      guard !task.awaitsEnd else { return nil }
      let reason = task.message ?? task.status.rawValue
      switch task.status {
      case .finished: return .ended(key, record.reports[task.id] ?? .succeeded(JSONObject()))
      case .failed: return .ended(key, .failed(exitCode: nil, message: reason))
      default: return .ended(key, isKilled ? killed : .lost(message: reason))
      }
    }
    if attempt.status == .queued, task.status == .starting || task.status == .running { return .started(key) }
    return nil
  }

  mutating func advance(_ record: PipelineRecord, _ inputs: [PipelineInput]) {
    var record = record
    record.run.isHeld = holds(record)
    let outcome = record.run.apply(inputs, at: now)
    carryOut(outcome, of: record)
  }

  private mutating func carryOut(_ outcome: PipelineOutcome, of record: PipelineRecord) {
    var record = record
    record.run.isHeld = false
    var noted = outcome
    var failed: [(AttemptKey, String)] = []
    for effect in outcome.effects {
      switch effect {
      case .launch(let key):
        if let task = launchStep(key, record) {
          record.run.note(task: task.rawValue, of: key, &noted)
        } else {
          failed.append((key, "its job was killed"))
        }
      case .end(let key):
        guard let name = record.run[key]?.task, let task = state.tasks[TaskID(name)] else { continue }
        endStep(task, message: record.run[key]?.message ?? "ended by its pipeline")
        if state.tasks[task.id] == nil { failed.append((key, "was ended before it started")) }
      }
    }
    record.reports = record.reports.filter { id, _ in
      guard let task = state.tasks[id], let place = state.stepJobs[task.job] else { return false }
      let attempt = record.attempt(of: task, step: place.step).flatMap { record.run[$0] }
      return attempt?.status.isTerminal == false
    }
    put(record, noted)
    if !failed.isEmpty {
      return advance(
        record, failed.map { key, message in .ended(key, .failed(exitCode: nil, message: message)) })
    }
    timers.set(.pipeline(record.run.id), record.run.nextDeadline)
    if record.run.status.isTerminal { closeSteps(of: record) }
  }

  /// Makes the task of an attempt, and its job before. Nil while the job is being killed.
  private mutating func launchStep(_ key: AttemptKey, _ record: PipelineRecord) -> TaskID? {
    let jobKey = record.jobKey(ofStep: key.partition.step)
    let instance = InstanceKey(job: jobKey, instance: key.partition.partition)
    guard var job = state.jobs[jobKey] ?? newStepJob(key.partition.step, record), !job.isEnding,
      let revision = job.revision(job.current), state.activeTask(of: instance) == nil
    else { return nil }
    job.completed.remove(instance.instance)
    job.desired[instance.instance] = revision.number
    put(job)
    createTask(for: instance, revision: revision)
    return state.activeTask(of: instance)?.id
  }

  private mutating func newStepJob(_ step: Int, _ record: PipelineRecord) -> JobRecord? {
    let configuration = record.configuration(ofStep: step)
    let key = configuration.key
    // The releases of a run that is retried go on.
    let revisions = state.record(of: key)?.revisions ?? []
    let revision = JobRevision(
      number: (revisions.last?.number ?? 0) + 1, configuration: configuration, submittedAt: now, user: record.run.user,
      reason: "step of run \(record.run.id)", cause: .create, result: .rolledForward)
    let job = JobRecord(
      key: key, revisions: revisions + [revision], current: revision.number, desired: [:], completed: [],
      isEnding: false, lastCronDue: nil, createdAt: now, endedAt: nil)
    if state.formerJobs[key] != nil { setFormer(key, nil) }
    put(job)
    self.record(key, .job, user: record.run.user, message: "created by run \(record.run.id)")
    return job
  }

  private mutating func endStep(_ task: TaskRecord, message: String) {
    if var job = state.jobs[task.job] {
      job.desired[task.instance] = nil
      put(job)
    }
    killTask(task.id, message: message)
  }

  /// The run is over: its jobs go, their history stays for a while.
  private mutating func closeSteps(of record: PipelineRecord) {
    for step in record.run.steps.indices {
      guard var job = state.jobs[record.jobKey(ofStep: step)], !job.isEnding else { continue }
      job.isEnding = true
      job.desired = [:]
      put(job)
    }
    self.record(
      RecordedEvent.host, .job, user: record.run.user,
      message: "pipeline run \(record.run.id) \(record.run.status.rawValue)")
    // Runs that have waited for this one.
    for other in state.pipelines.values
    where other.pipelineKey == record.pipelineKey && !other.run.status.isTerminal && other.run.id != record.run.id {
      touchedRuns.insert(other.run.id)
    }
  }

  /// An attempt has ended: what follows is the run's to decide.
  mutating func stepTaskEnded(_ task: TaskRecord) {
    guard var job = state.jobs[task.job] else { return }
    job.desired[task.instance] = nil
    job.completed.insert(task.instance)
    put(job)
  }

  // MARK: Records

  mutating func put(_ record: PipelineRecord, _ outcome: PipelineOutcome = PipelineOutcome(), wholly: Bool = false) {
    let id = record.run.id
    if changes.pipelines[id] == nil { undo.pipelines.append((id, state.pipelines[id])) }
    changes.pipelines[id, default: PipelineOutcome()].formUnion(outcome)
    if wholly { changes.newPipelines.insert(id) }
    state.set(pipeline: id, record)
  }

  mutating func removePipeline(_ id: String) {
    if changes.pipelines[id] == nil { undo.pipelines.append((id, state.pipelines[id])) }
    changes.pipelines[id, default: PipelineOutcome()].formUnion(PipelineOutcome())
    state.set(pipeline: id, nil)
    timers.set(.pipeline(id), nil)
  }

  /// Forgets runs that ended long ago.
  mutating func prunePipelines() {
    for record in state.pipelines.values.sorted(by: { $0.run.id < $1.run.id }) {
      guard let endedAt = record.run.endedAt, record.run.status.isTerminal, now >= endedAt + policy.pipelineAge else {
        continue
      }
      removePipeline(record.run.id)
    }
  }
}

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
    put(record, wholly: true)
    let outcome = record.run.begin(at: now)
    carryOut(outcome, of: record)
  }

  mutating func cancelPipeline(_ id: String) throws(SchedulerError) {
    let record = try existingRun(id)
    guard !record.run.status.isTerminal else { throw .runHasEnded(id, record.run.status) }
    advance(record, .cancel)
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
    advance(record, .retry)
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
    advance(record, .heartbeat(key, at: min(time, now)))
  }

  /// Follows the tasks of a run, and does what is due.
  mutating func advancePipeline(_ id: String) {
    guard let record = state.pipelines[id], !record.run.status.isTerminal else { return }
    var inputs: [PipelineInput] = []
    for key in record.run.activeKeys {
      if let input = news(of: key, record) { inputs.append(input) }
    }
    if inputs.isEmpty, record.run.nextDeadline.map({ $0 > now }) ?? true {
      return timers.set(.pipeline(id), record.run.nextDeadline)
    }
    for input in inputs {
      guard let record = state.pipelines[id] else { return }
      advance(record, input)
    }
    if let record = state.pipelines[id] { advance(record, .tick) }
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

  private mutating func advance(_ record: PipelineRecord, _ input: PipelineInput) {
    var record = record
    let outcome = record.run.apply(input, at: now)
    carryOut(outcome, of: record)
  }

  private mutating func carryOut(_ outcome: PipelineOutcome, of record: PipelineRecord) {
    var record = record
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
    let active = Set(record.run.activeKeys.compactMap { record.run[$0]?.task })
    record.reports = record.reports.filter { active.contains($0.key.rawValue) }
    put(record, noted)
    for (key, message) in failed {
      guard let record = state.pipelines[record.run.id] else { return }
      advance(record, .ended(key, .failed(exitCode: nil, message: message)))
    }
    guard let record = state.pipelines[record.run.id] else { return }
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

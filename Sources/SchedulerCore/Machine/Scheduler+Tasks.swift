internal import JobModel

extension Scheduler {
  /// Creates a task for an instance, for the revision that is wanted of it.
  ///
  /// `ancestor` is the replaced task. `wasTooShort` means that the ancestor ended too soon, and makes the new task wait
  /// if that was not the first time in a row. `keepsPlace` keeps the ancestor's place for it.
  mutating func createTask(
    for key: InstanceKey, revision: JobRevision, ancestor: TaskRecord? = nil, wasTooShort: Bool = false,
    keepsPlace: Bool = false, message: String? = nil
  ) {
    let sequence = nextSequence()
    let name = "\(key.job.role)-\(key.job.stage)-\(key.job.name)-\(key.instance)"
    // The time keeps names apart even when the state was lost and the numbers begin again.
    let id = TaskID("\(name)-\(String(now.milliseconds, radix: 36))-\(sequence)")
    let flaps = wasTooShort ? (ancestor?.flaps ?? 0) + 1 : 0
    let isPenalised = flaps > policy.flappingGrace
    let task = TaskRecord(
      id: id, job: key.job, instance: key.instance, sequence: sequence, revision: revision.number,
      shared: revision.shared, status: .initial, since: now, host: keepsPlace ? ancestor?.host : nil, ports: [:],
      ancestor: ancestor?.id,
      restarts: ancestor.map { $0.restarts + 1 } ?? 0,
      failures: ancestor.map { $0.failures + ($0.status == .failed ? 1 : 0) } ?? 0, flaps: flaps,
      assignedAt: nil, notBefore: isPenalised ? now + flapDelay(flaps) : nil, executorPID: nil, health: nil,
      healthySince: nil, message: nil, killAttempts: 0, nextKill: nil, awaitsEnd: false, isLeaving: false,
      keepsPlace: keepsPlace, requestedEnd: nil, events: [])
    put(task)
    if isPenalised {
      let seconds = flapDelay(flaps).components.seconds
      move(id, to: .throttled, message: "the last runs were too short: waits \(seconds) s")
    } else {
      move(id, to: .pending, message: message)
    }
  }

  /// 30 s, doubling to 5 min, from the first short run on that is not pardoned.
  private func flapDelay(_ flaps: Int) -> Duration {
    var delay = policy.flappingFirstDelay
    let doublings = min(max(0, flaps - policy.flappingGrace - 1), 32)
    for _ in 0..<doublings where delay < policy.flappingMaximumDelay { delay = delay * 2 }
    return min(delay, policy.flappingMaximumDelay)
  }

  /// Moves a task to another state, with all consequences. False if the table does not allow it.
  @discardableResult
  mutating func move(_ id: TaskID, to status: TaskStatus, message: String? = nil) -> Bool {
    guard var task = state.tasks[id],
      TaskTransitions.allows(task.status, status) || plants(.believesLateReports) && task.status != status
    else { return false }
    let former = task.status
    task.status = status
    task.since = now
    task.message = message
    task.events.append(TaskEvent(time: now, status: status, message: message))
    if status == .assigned { task.assignedAt = now }
    if status != .throttled { task.notBefore = nil }
    if status == .assigned { task.keepsPlace = false }
    task.healthySince = status == .running ? now : nil
    if status.isTerminal || TaskTransitions.isEnding(status) { task.requestedEnd = nil }
    if status.isTerminal {
      task.nextKill = nil
      task.executorPID = nil
    } else if TaskTransitions.isEnding(status), !TaskTransitions.isEnding(former) {
      task.killAttempts = 1
      task.nextKill = now + policy.killRetry
      effects.append(.kill(id))
    }
    put(task)
    record(task.job, .task(id, instance: task.instance, status), message: message)
    if status.isTerminal { ended(task, from: former) }
    return true
  }

  /// Ends a task that shall not come back: a mere wish is deleted, anything else is asked to end.
  mutating func killTask(_ id: TaskID, message: String) {
    guard let task = state.tasks[id] else { return }
    switch task.status {
    case .initial, .pending, .throttled: deleteTask(task, message: message)
    default: move(id, to: .killing, message: message)
    }
  }

  /// Forgets a task that was never more than a wish.
  mutating func deleteTask(_ task: TaskRecord, message: String) {
    record(task.job, .task(task.id, instance: task.instance, .killed), message: message)
    removeTask(task.id)
  }

  /// A task is over: count it, and replace it if the instance is still wanted.
  private mutating func ended(_ task: TaskRecord, from former: TaskStatus) {
    if task.isLeaving { return }
    noteEnd(of: task, from: former)
    if state.stepJobs[task.job] != nil { return stepTaskEnded(task) }
    guard var job = state.jobs[task.job], !job.isEnding, let number = job.desired[task.instance],
      let revision = job.revision(number)
    else { return }
    if !TaskTransitions.isEnding(former), !task.configuration.isService, isComplete(task) {
      job.completed.insert(task.instance)
      job.desired[task.instance] = nil
      put(job)
      return
    }
    let wasAsked = TaskTransitions.isEnding(former)
    let ran = task.assignedAt.map { now - $0 } ?? .zero
    createTask(
      for: task.instanceKey, revision: revision, ancestor: task,
      wasTooShort: !wasAsked && revision.number == task.revision && ran < policy.flappingThreshold,
      keepsPlace: keepsPlace(task, from: former))
  }

  /// Whether the place of a task that has ended is kept for its successor: who restarts gets its own place back, who was
  /// preempted queues up. Where there are several hosts, nobody waits for one that closes, or that lost the task.
  private func keepsPlace(_ task: TaskRecord, from former: TaskStatus) -> Bool {
    guard former != .preempting else { return false }
    guard task.host != nil else { return true }
    return task.status != .lost && former != .draining && state.host(of: task)?.admission == .open
  }

  /// Whether a task that is no service's has ended its instance for good.
  private func isComplete(_ task: TaskRecord) -> Bool {
    switch task.status {
    case .finished: true
    case .failed:
      task.configuration.maxTaskFailures != -1 && task.failures + 1 >= task.configuration.maxTaskFailures
    default: false
    }
  }
}

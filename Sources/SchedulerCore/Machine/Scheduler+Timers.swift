internal import JobModel

extension Scheduler {
  /// Does what is due.
  mutating func runTimers() {
    let due = (state.activeTasks + state.unfenced.sorted().compactMap { state.tasks[$0] })
      .filter { deadline(of: $0).map { $0 <= now } ?? false }
    for task in due {
      if task.awaitsEnd {
        effects.append(.destroy(task.id))
        scheduleDestruction(task.id)
      } else if task.status == .throttled {
        move(task.id, to: .pending)
      } else if task.status == .running {
        let count = task.health?.consecutiveFailures ?? 0
        let reason = task.health?.message.map { ": \($0)" } ?? ""
        giveUp(task, as: .failed, message: "unhealthy \(count) times in a row\(reason)")
      } else if TaskTransitions.isTransient(task.status), now >= transientDeadline(of: task) {
        let minutes = (now - task.since).components.seconds / 60
        giveUp(task, as: .lost, message: "was \(task.status.rawValue) for \(minutes) min")
      } else if TaskTransitions.isEnding(task.status) {
        killAgain(task)
      }
    }
  }

  /// When something must be done about a task, at the latest.
  func deadline(of task: TaskRecord) -> Timestamp? {
    if task.awaitsEnd { return task.nextKill ?? now }
    if task.status == .throttled { return task.notBefore ?? task.since }
    if task.status == .running { return task.nextKill }
    guard TaskTransitions.isTransient(task.status) else { return nil }
    let transient = transientDeadline(of: task)
    return task.nextKill.map { min($0, transient) } ?? transient
  }

  /// A task has not done what it should have: it is over. What may be left of it is destroyed before the instance, its
  /// ports and its resources are used again.
  private mutating func giveUp(_ task: TaskRecord, as status: TaskStatus, message: String) {
    var task = task
    task.awaitsEnd = true
    put(task)
    effects.append(.destroy(task.id))
    move(task.id, to: status, message: message)
    scheduleDestruction(task.id)
  }

  /// Asks a task to end once more; one that has had its time is destroyed.
  private mutating func killAgain(_ task: TaskRecord) {
    var task = task
    let isOverdue = now >= task.since + gracePeriod(of: task)
    effects.append(isOverdue ? .destroy(task.id) : .kill(task.id))
    let delay = policy.killRetry * (1 << min(task.killAttempts, 4))
    task.killAttempts += 1
    task.nextKill = now + delay
    if !isOverdue, let next = task.nextKill { task.nextKill = min(next, task.since + gracePeriod(of: task)) }
    put(task)
  }

  /// What a task is given to end by itself: all its own waits, and a margin.
  func gracePeriod(of task: TaskRecord) -> Duration {
    let lifecycle = task.configuration.lifecycle.map { $0.gracefulShutdownWait + $0.shutdownWait } ?? .zero
    return task.configuration.task.finalizationWait + lifecycle + policy.killMargin
  }

  private func transientDeadline(of task: TaskRecord) -> Timestamp {
    let own: Duration =
      switch task.status {
      case .starting: startPeriod(of: task)
      case .killing, .restarting, .draining, .preempting: gracePeriod(of: task)
      default: .zero
      }
    return task.since + policy.transientTimeout + own
  }

  /// What a task may take from its start until its health checks have succeeded or failed.
  private func startPeriod(of task: TaskRecord) -> Duration {
    guard let check = task.configuration.healthCheck else { return .zero }
    return check.initialInterval
      + (check.interval + check.timeout) * (check.maxConsecutiveFailures + check.minConsecutiveSuccesses)
  }

  /// The earliest time at which something is to be done without an event.
  func nextWake() -> Timestamp? {
    var wake: Timestamp?
    func consider(_ time: Timestamp?) {
      guard let time else { return }
      wake = wake.map { min($0, time) } ?? time
    }
    for id in state.active.values { consider(state.tasks[id].flatMap { deadline(of: $0) }) }
    for id in state.unfenced { consider(state.tasks[id].flatMap { deadline(of: $0) }) }
    for update in state.updates.values { consider(watchDeadline(of: update)) }
    for job in state.jobs.values { consider(cronDeadline(of: job)) }
    return wake
  }

  /// Forgets old history, at most once a minute.
  mutating func prune() {
    guard now >= state.prunedAt + .seconds(60) else { return }
    state.prunedAt = now
    var ended: [JobKey: [TaskRecord]] = [:]
    for task in state.tasks.values where task.status.isTerminal && !task.awaitsEnd {
      ended[task.job, default: []].append(task)
    }
    for key in ended.keys.sorted() {
      let newestFirst = (ended[key] ?? []).sorted { ($0.since, $0.sequence) > ($1.since, $1.sequence) }
      for (position, task) in newestFirst.enumerated()
      where position >= policy.historyPerJob || now >= task.since + policy.historyAge {
        state.removeTask(task.id)
        changes.tasks.insert(task.id)
        effects.append(.deleteSandbox(task.id))
      }
    }
    var updates: [JobKey: [JobUpdate]] = [:]
    for update in state.updates.values where update.status.isTerminal {
      updates[update.job, default: []].append(update)
    }
    for key in updates.keys.sorted() {
      let newestFirst = (updates[key] ?? []).sorted { ($0.startedAt, $0.id) > ($1.startedAt, $1.id) }
      for update in newestFirst.dropFirst(policy.updatesPerJob) {
        state.updates[update.id] = nil
        changes.updates.insert(update.id)
      }
    }
  }
}

internal import JobModel

/// The purpose of a due time.
enum TimerKey: Sendable, Hashable, Comparable {
  case task(TaskID)
  case update(JobKey)
  /// The SLA policy of a job may allow more by then.
  case allowance(JobKey)
  case cron(JobKey)
  case preemption
  /// A drain that no SLA policy holds back any longer.
  case drain
  /// The next deadline of a run of a pipeline.
  case pipeline(String)
  /// The next run of a scheduled pipeline.
  case pipelineSchedule(String)
}

extension Scheduler {
  /// Does what is due.
  mutating func runTimers() {
    for key in timers.takeDue(now) {
      switch key {
      case .task(let id):
        guard let task = state.tasks[id] else { continue }
        runTimer(of: task)
        // What did not change is due again as before.
        if let task = state.tasks[id] { timers.set(.task(id), deadline(of: task)) }
      case .update(let job), .allowance(let job): touched.insert(job)
      case .cron(let job): runCron(job)
      case .preemption: preempt()
      case .pipeline(let id): touchedRuns.insert(id)
      case .pipelineSchedule(let key): runPipelineSchedule(key)
      case .drain: touched.formUnion(state.index.jobs.keys)
      }
    }
  }

  private mutating func runTimer(of task: TaskRecord) {
    guard let deadline = deadline(of: task), deadline <= now else { return }
    if task.awaitsEnd {
      effects.append(.destroy(task.id))
      scheduleDestruction(task.id)
    } else if task.status == .throttled {
      move(task.id, to: .pending)
    } else if task.status == .running {
      let count = task.health?.consecutiveFailures ?? 0
      let reason = task.health?.message.map { ": \($0)" } ?? ""
      giveUp(task, as: .failed, message: "unhealthy \(count) times in a row\(reason)")
    } else if TaskTransitions.isTransient(task.status), now >= transientDeadline(of: task),
      !(plants(.neverDestroys) && TaskTransitions.isEnding(task.status))
    {
      let minutes = (now - task.since).components.seconds / 60
      giveUp(task, as: .lost, message: "was \(task.status.rawValue) for \(minutes) min")
    } else if TaskTransitions.isEnding(task.status) {
      killAgain(task)
    }
  }

  /// When something must be done about a task, at the latest.
  func deadline(of task: TaskRecord) -> Timestamp? {
    if task.awaitsEnd { return task.nextKill ?? now }
    if task.status == .throttled { return task.notBefore ?? task.since }
    if task.status == .running { return task.nextKill }
    guard TaskTransitions.isTransient(task.status) else { return nil }
    if plants(.neverDestroys), TaskTransitions.isEnding(task.status) { return task.nextKill }
    let transient = transientDeadline(of: task)
    return task.nextKill.map { min($0, transient) } ?? transient
  }

  /// A task has missed a deadline: it is over. Its possible remains are destroyed before the instance, its ports and
  /// its resources are used again.
  private mutating func giveUp(_ task: TaskRecord, as status: TaskStatus, message: String) {
    var task = task
    task.awaitsEnd = true
    if plants(.freesPlaceEarly) { task.ports = [:] }
    put(task)
    effects.append(.destroy(task.id))
    move(task.id, to: status, message: message)
    scheduleDestruction(task.id)
  }

  /// Asks a task to end once more; one that has had its time is destroyed.
  private mutating func killAgain(_ task: TaskRecord) {
    var task = task
    let isOverdue = now >= task.since + gracePeriod(of: task) && !plants(.neverDestroys)
    effects.append(isOverdue ? .destroy(task.id) : .kill(task.id))
    let delay = policy.killRetry * (1 << min(task.killAttempts, 4))
    task.killAttempts += 1
    task.nextKill = now + delay
    if !isOverdue, let next = task.nextKill { task.nextKill = min(next, task.since + gracePeriod(of: task)) }
    put(task)
  }

  /// The time for a task to end on its own: all its own waits, and a margin.
  func gracePeriod(of task: TaskRecord) -> Duration {
    let lifecycle = task.configuration.lifecycle.map { $0.gracefulShutdownWait + $0.shutdownWait } ?? .zero
    return task.configuration.drain + lifecycle + task.configuration.task.finalizationWait + policy.killMargin
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

  /// The time limit of a task from its start until its health checks have succeeded or failed.
  private func startPeriod(of task: TaskRecord) -> Duration {
    guard let check = task.configuration.healthCheck else { return .zero }
    // A job that an earlier version has accepted can have numbers of any size.
    let count =
      min(check.maxConsecutiveFailures, SafetyCheck.largestCount)
      + min(check.minConsecutiveSuccesses, SafetyCheck.largestCount)
    let time = min(check.interval, SafetyCheck.longestTime) + min(check.timeout, SafetyCheck.longestTime)
    return min(check.initialInterval, SafetyCheck.longestTime) + time * count
  }
}

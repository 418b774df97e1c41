internal import Diagnostics
internal import Executor
internal import JobModel
internal import NIOPosix
internal import Observability
internal import SchedulerCore
internal import SchedulerStore
internal import SystemSupport

// Events are stored, and then their effects are carried out. Their results are new events, applied after all of it: the
// effects of one event are never carried out amid those of another.
extension HostScheduler {
  /// Applies a request: first stored, then carried out. A kill is carried out regardless of the disk; it is written as
  /// soon as the disk allows.
  func apply(_ event: SchedulerInput) throws {
    // Earlier events count first.
    drain()
    var mayWait = false
    if case .killJob = event { mayWait = true }
    let answer = try transact([event], mayWait: mayWait).first
    drain()
    if case .failure(.overQuota(_, let what))? = answer { notify(.quotaRefused, event.job, what) }
    _ = try answer?.get()
    if case .killJob(let key, let instances, let user, let reason) = event {
      let list = instances.map { "instances \($0.sorted().map(String.init).joined(separator: ", "))" }
      let words = [list, reason].compactMap(\.self)
      notify(.jobKilled, key, user: user, words.isEmpty ? nil : words.joined(separator: ": "))
    }
  }

  /// Applies events that cannot be refused: reports of executors, the host and clocks.
  func report(_ event: SchedulerInput) { report([event]) }

  /// Applies reports, all of them in one transaction.
  func report(_ events: [SchedulerInput]) {
    for event in events where waiting.insert(event).inserted { backlog.append(event) }
    drain()
  }

  /// Stores waiting events, as many as fit a transaction at a time, and carries out their effects.
  func drain() {
    guard !isCarryingOut else { return }
    while !backlog.isEmpty {
      let events = Array(backlog.prefix(Self.transactionSize))
      backlog.removeFirst(events.count)
      waiting.subtract(events)
      do {
        for case .failure(let error) in try transact(events, mayWait: true) {
          // Such as a kill of a job that is gone by now.
          warn(error.diagnostic.summary)
        }
      } catch {
        // Events that can wait are kept in memory: this check is not about the disk.
        warn(Self.summary(of: error))
      }
    }
  }

  /// The maximum number of events that are written together.
  private static let transactionSize = 512

  /// One transaction, and its effects. While the disk does not take it, tasks are ended but none is started: a scheduler
  /// that is killed then would not know of it.
  private func transact(_ events: [SchedulerInput], mayWait: Bool) throws(StoreError) -> [StoredScheduler.Answer] {
    let time = schedulerTime()
    if let jump = clockEvent {
      clockEvent = nil
      _ = try transact([jump], mayWait: true)
    }
    isWatchStale = true
    let result: SchedulerStore.Transaction
    let start = monotonicNanoseconds()
    do throws(StoreError) {
      result = try store.apply(events, at: time, mayWait: mayWait && reserve.isGivenUp)
    } catch {
      // Room that was kept for this moment.
      reserve.giveUp()
      do throws(StoreError) {
        result = try store.apply(events, at: time, mayWait: mayWait)
      } catch {
        counters.countTransaction(seconds: Double(monotonicNanoseconds() - start) / 1e9, failed: true)
        note(failure: error)
        throw error
      }
    }
    let seconds = Double(monotonicNanoseconds() - start) / 1e9
    counters.countTransaction(seconds: seconds, failed: result.failure != nil)
    if result.isWritten || result.failure != nil { note(failure: result.failure) }
    sharing?.note(result.pipelines, whole: result.newPipelines)
    noteRuns(result.pipelines.keys)
    if result.isStored { launchWaiting() }
    isCarryingOut = true
    defer { isCarryingOut = false }
    for case .success(let effects) in result.answers {
      for effect in effects {
        if case .launch(let assignment) = effect, !result.isStored {
          launches.append(assignment)
        } else {
          carryOut(effect)
        }
      }
    }
    return result.answers
  }

  /// Starts tasks that waited until the state was stored, if they are still wanted.
  private func launchWaiting() {
    let waiting = launches
    launches = []
    for assignment in waiting where store.state.tasks[assignment.taskID]?.status == .assigned {
      carryOut(.launch(assignment))
    }
  }

  private func note(failure: StoreError?) {
    let summary = failure.map { Self.summary(of: $0) }
    guard storeFailure != summary else { return }
    if let failure {
      writeText(DiagnosticRenderer(color: false).render(failure), to: 2)
    } else {
      writeText("the state can be written again\n", to: 2)
    }
    storeFailure = summary
  }

  /// Checks at the start whether the disk accepts writes.
  func checkDisk() {
    do {
      try store.probe()
    } catch {
      note(failure: error)
    }
  }

  /// Tries to write events that are only in memory.
  func storeWaiting() {
    if storeFailure != nil {
      if store.isAhead {
        report(.tick)
      } else {
        // The next failure says it again.
        do { try store.probe() } catch { return }
        note(failure: nil)
      }
    }
    if storeFailure == nil, reserve.isGivenUp { reserve.restore() }
  }

  private func carryOut(_ effect: Effect) {
    switch effect {
    case .launch(let assignment):
      // An attempt of a step starts when both databases have it.
      if sharing != nil, store.state.stepAttempt(of: assignment.taskID) != nil {
        sharing?.hold(assignment)
      } else {
        start(assignment)
      }
    case .kill(let task):
      do {
        if try !supervisor.stop(task) { lost(task, message: "it had no executor") }
      } catch {
        warn("task \(task): \(Self.summary(of: error))")
      }
    case .destroy(let task): destroying[task] = destroying[task] ?? .taskDestroyed(task)
    case .deleteSandbox(let task): deleteSandbox(task)
    case .record(let event):
      counters.count(event, release: release(of: event))
      catalogue.isStale = true
      if !fanOut.isEmpty { tell(SchedulerEvent(event)) }
    case .wake(let time): wakeAt = time
    }
  }

  /// Starts the executor of a task.
  func start(_ assignment: TaskAssignment) {
    do {
      guard !hasStoppedTasks else { throw Diagnostic(.environment, "the scheduler stops") }
      try checkPolicy(assignment.configuration)
      try supervisor.launch(
        assignment, on: store.state.tasks[assignment.taskID]?.host, step: step(of: assignment.taskID))
    } catch {
      lost(assignment.taskID, message: "cannot start its executor: \(Self.summary(of: error))")
    }
  }

  /// The release that the task of an event runs.
  private func release(of event: RecordedEvent) -> Int? {
    guard case .task(let task, _, _) = event.subject else { return nil }
    return store.read { scheduler in scheduler.state.tasks[task]?.revision }
  }

  /// Removes a task's directory on another thread, because it can contain gigabytes.
  ///
  /// - Parameter force: whether it is removed although its logs are not archived.
  func deleteSandbox(_ task: TaskID, force: Bool = false) {
    if !force, holdsForArchive(task) { return }
    let directory = supervisor.directory(task)
    Task {
      do {
        try await NIOThreadPool.singleton.runIfActive { try directory.remove() }
      } catch {
        warn("cannot remove the directory of task \(task): \(Self.summary(of: error))")
      }
    }
  }

  // MARK: What was seen

  /// Applies observations of tasks: all reports in one transaction, then the ends of executors.
  func observe(_ observations: [Observation]) {
    var events: [SchedulerInput] = []
    for observation in observations {
      switch observation.kind {
      case .record(let record):
        note(readable: true, observation.task)
        // Before the end of the task: what it has put out is a part of it.
        if case .taskState(.finished, _) = record.kind, let end = stepEnd(of: observation.task) { events.append(end) }
        if let event = event(record, of: observation.task) { events.append(event) }
      case .damaged(let message):
        note(readable: false, observation.task)
        warn("task \(observation.task): \(message)")
      case .executorGone: break
      }
    }
    if !events.isEmpty { report(events) }
    for observation in observations {
      guard case .executorGone = observation.kind,
        store.state.tasks[observation.task]?.status.mayHaveExecutor == true
      else { continue }
      let reason = supervisor.reason(of: observation.task)
      lost(observation.task, message: reason ?? "the executor exited without reporting a result")
    }
  }

  private func event(_ record: CheckpointRecord, of task: TaskID) -> SchedulerInput? {
    switch record.kind {
    case .executorStarted(let pid, _): return .executorStarted(task, pid: pid)
    case .taskState(let status, let message): return .taskStatus(task, status, message: message)
    case .health(let health): return .taskHealth(task, health)
    case .process(var run):
      if !supervisor.hasLocalProcesses { run.pid = nil }
      processRuns[task, default: [:]][run.name] = run
    case .resources(let sample): resourceSamples[task] = sample
    case .announcement(let announcement, let reason): note(announcement, reason: reason, of: task)
    }
    return nil
  }

  /// The task's executor is gone. Something that it started can still run: the task's place is not free before that is
  /// gone.
  private func lost(_ task: TaskID, message: String) {
    destroying[task] = destroying[task] ?? .executorLost(task, message: message)
    if !isCarryingOut { continueDestroying() }
  }

  // MARK: Ending at once

  /// Goes on with ending what is to be ended; called again and again until all of it is gone.
  func continueDestroying() {
    for task in destroying.keys where !beingCleared.contains(task) && supervisor.killExecutor(task) {
      beingCleared.insert(task)
      let clearing = supervisor.clearing(task)
      Task {
        // It waits for the processes' ends, which one in a system call that hangs may put off for long.
        let isClear: Bool
        do {
          try await NIOThreadPool.singleton.runIfActive { try clearing() }
          isClear = true
        } catch {
          isClear = false
        }
        cleared(task, isClear)
      }
    }
  }

  private func cleared(_ task: TaskID, _ isClear: Bool) {
    beingCleared.remove(task)
    guard isClear, let event = destroying.removeValue(forKey: task) else { return }
    if store.state.tasks[task] != nil {
      report(event)
    } else if keepsStrangers {
      warn("ended task \(task) of an unknown job; kept its directory")
    } else {
      deleteSandbox(task)
    }
  }
}

extension SchedulerInput {
  /// The job that a request asks to start or to change.
  fileprivate var job: JobKey? {
    switch self {
    case .createJob(let configuration, _, _): configuration.key
    case .addInstances(let key, _, _), .scaleJob(let key, _, _, _), .rollbackJob(let key, _, _, _): key
    case .startUpdate(let configuration, _, _, _, _): configuration.key
    default: nil
    }
  }
}

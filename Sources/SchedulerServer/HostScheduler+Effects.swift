internal import Diagnostics
internal import Executor
internal import JobModel
internal import NIOPosix
internal import SchedulerCore
internal import SchedulerStore
internal import SystemSupport

// Events go in, are stored, and what follows is done. What that leads to is a new event, taken after all of it: the
// effects of one event are never carried out amid those of another.
extension HostScheduler {
  /// Takes a request: stored first, carried out then.
  func apply(_ event: Event) throws {
    // What has happened before counts first.
    drain()
    carryOut(try store.apply(event, at: Self.now()))
    drain()
  }

  /// Takes what nobody can refuse: what executors, the host and clocks say. It is kept until it can be stored.
  func report(_ event: Event) {
    if !backlog.contains(event) { backlog.append(event) }
    drain()
  }

  func drain() {
    while !isCarryingOut, let event = backlog.first {
      do {
        let effects = try store.apply(event, at: Self.now())
        backlog.removeFirst()
        if storeFailure != nil { writeText("the state can be written again\n", to: 2) }
        storeFailure = nil
        carryOut(effects)
      } catch let error as SchedulerError {
        // Such as a kill of a job that is gone by now.
        backlog.removeFirst()
        warn(error.diagnostic.summary)
      } catch {
        // Tried again at the next look.
        let failure = Self.summary(of: error)
        if storeFailure != failure { writeText(DiagnosticRenderer(color: false).render(error), to: 2) }
        storeFailure = failure
        return
      }
    }
  }

  private func carryOut(_ effects: [Effect]) {
    isCarryingOut = true
    for effect in effects { carryOut(effect) }
    isCarryingOut = false
  }

  private func carryOut(_ effect: Effect) {
    switch effect {
    case .launch(let assignment):
      do {
        try supervisor.launch(assignment)
      } catch {
        lost(assignment.taskID, message: "its executor could not be started: \(Self.summary(of: error))")
      }
    case .kill(let task):
      do {
        if try !supervisor.stop(task) { lost(task, message: "there was no executor to end it") }
      } catch {
        warn("task \(task): \(Self.summary(of: error))")
      }
    case .destroy(let task): destroying[task] = destroying[task] ?? .taskDestroyed(task)
    case .deleteSandbox(let task): deleteSandbox(task)
    case .record(let event):
      let event = SchedulerEvent(event)
      for follower in followers.values { follower.yield(event) }
    case .wake(let time): wakeAt = time
    }
  }

  /// Removes a task's folder; it may hold gigabytes, so another thread does it.
  private func deleteSandbox(_ task: TaskID) {
    let directory = supervisor.directory(task)
    Task {
      do {
        try await NIOThreadPool.singleton.runIfActive { try directory.remove() }
      } catch {
        warn("the folder of task \(task) stays: \(Self.summary(of: error))")
      }
    }
  }

  // MARK: What was seen

  func observe(_ observations: [Observation]) {
    for observation in observations {
      let task = observation.task
      switch observation.kind {
      case .record(let record): observe(record, of: task)
      case .damaged(let message): warn("task \(task): \(message)")
      case .executorGone:
        if store.state.tasks[task]?.status.mayHaveExecutor == true {
          lost(task, message: "its executor ended without a word")
        }
      }
    }
  }

  private func observe(_ record: CheckpointRecord, of task: TaskID) {
    switch record.kind {
    case .executorStarted(let pid, _): report(.executorStarted(task, pid: pid))
    case .taskState(let status, let message): report(.taskStatus(task, status, message: message))
    case .health(let health): report(.taskHealth(task, health))
    case .process(let run): processRuns[task, default: [:]][run.name] = run
    case .resources(let sample): resourceSamples[task] = sample
    }
  }

  /// The task's executor is no more. Something that it started may still run: the task's place is not free before that
  /// is gone.
  private func lost(_ task: TaskID, message: String) {
    destroying[task] = destroying[task] ?? .executorLost(task, message: message)
    if !isCarryingOut { continueDestroying() }
  }

  // MARK: Ending at once

  /// Goes on with ending what is to be ended; called again and again until all of it is gone.
  func continueDestroying() {
    for task in destroying.keys where !beingCleared.contains(task) && supervisor.killExecutor(task) {
      beingCleared.insert(task)
      let directory = supervisor.directory(task)
      Task {
        // It waits for the processes' ends, which one in a system call that hangs may put off for long.
        let isClear: Bool
        do {
          try await NIOThreadPool.singleton.runIfActive { _ = try directory.killLeftovers() }
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
      warn("task \(task) is of no job that is known: ended; its folder stays")
    } else {
      deleteSandbox(task)
    }
  }
}

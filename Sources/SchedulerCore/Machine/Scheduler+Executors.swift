internal import JobModel

// The reports of executors and the host. Reports come late, twice, in any order, or never.
extension Scheduler {
  mutating func report(_ id: TaskID, _ status: TaskStatus, message: String?) {
    guard TaskTransitions.isReportable(status) else { return }
    guard let task = state.tasks[id], !task.status.isTerminal else {
      if status.isTerminal {
        taskDestroyed(id)
      } else {
        // The zombie rule: unwanted running tasks are ended.
        destroyUnwanted(id)
      }
      return
    }
    switch task.status {
    case .initial, .pending, .throttled: destroyUnwanted(id)
    default: move(id, to: status, message: message)
    }
  }

  mutating func report(_ id: TaskID, _ health: HealthReport) {
    guard var task = state.tasks[id], task.status == .starting || task.status == .running else { return }
    let allowed = task.configuration.healthCheck?.maxConsecutiveFailures ?? 0
    let isUnhealthy = task.status == .running && !health.healthy && health.consecutiveFailures > allowed
    // The executor ends an unhealthy task itself and reports it failed; the deadline is for one that does not.
    let nextKill = isUnhealthy ? task.nextKill ?? now + gracePeriod(of: task) : nil
    guard task.health != health || task.nextKill != nextKill else { return }
    task.health = health
    task.nextKill = nextKill
    if !health.healthy {
      task.healthySince = nil
    } else if task.status == .running, task.healthySince == nil {
      task.healthySince = now
    }
    put(task)
  }

  mutating func executorStarted(_ id: TaskID, pid: Int32) {
    guard var task = state.tasks[id], task.status.mayHaveExecutor else { return destroyUnwanted(id) }
    guard task.executorPID != pid else { return }
    task.executorPID = pid
    put(task)
  }

  mutating func executorLost(_ id: TaskID, message: String) {
    guard let task = state.tasks[id] else { return }
    guard task.status.mayHaveExecutor else { return taskDestroyed(id) }
    move(id, to: TaskTransitions.isEnding(task.status) ? .killed : .lost, message: message)
  }

  mutating func taskDestroyed(_ id: TaskID) {
    guard var task = state.tasks[id] else { return }
    if task.status.mayHaveExecutor {
      move(id, to: TaskTransitions.isEnding(task.status) ? .killed : .lost, message: "was destroyed")
    } else if task.awaitsEnd {
      task.awaitsEnd = false
      task.nextKill = nil
      put(task)
    }
  }

  /// The scheduler has started: adopt running tasks, start missing ones, and end unwanted ones.
  mutating func executorsFound(live: [TaskID: Int32], dead: Set<TaskID>) {
    isAdopting = false
    for (id, pid) in live.sorted(by: { $0.key < $1.key }) {
      if var task = state.tasks[id], task.status.isTerminal, !task.awaitsEnd {
        // It lives, despite earlier reports: until it is destroyed, its place is taken.
        task.awaitsEnd = true
        put(task)
        scheduleDestruction(id)
      } else {
        executorStarted(id, pid: pid)
      }
    }
    for task in state.placedTasks {
      if live[task.id] != nil {
        // Requests to end that were lost with the scheduler are repeated.
        if task.awaitsEnd {
          effects.append(.destroy(task.id))
        } else if TaskTransitions.isEnding(task.status) {
          effects.append(.kill(task.id))
        }
      } else if task.awaitsEnd {
        taskDestroyed(task.id)
      } else if task.status == .assigned, !dead.contains(task.id) || plants(.launchesTheDead),
        let host = state.host(of: task)
      {
        // Stored, but not carried out: no executor was ever started.
        effects.append(.launch(task.assignment(on: host)))
      } else {
        executorLost(task.id, message: "its executor was gone when the scheduler started")
      }
    }
  }

  /// Destroys an unwanted task. A finished task keeps no place for it: its reports are most likely late, and its place
  /// can have been assigned.
  private mutating func destroyUnwanted(_ id: TaskID) { effects.append(.destroy(id)) }

  /// Sees to it that destruction is asked for again until it is confirmed.
  mutating func scheduleDestruction(_ id: TaskID) {
    guard var task = state.tasks[id], task.awaitsEnd else { return }
    task.nextKill = now + policy.killRetry
    put(task)
  }
}

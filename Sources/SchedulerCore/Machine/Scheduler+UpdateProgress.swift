internal import JobModel

// How updates advance: a batch at a time, each instance watched until it has run long enough.
extension Scheduler {
  mutating func advanceUpdates() {
    let ids = state.updates.values.filter { $0.status == .rollingForward || $0.status == .rollingBack }.map(\.id)
    for id in ids.sorted() {
      // Rolling back begins in the same step as the failure that led to it.
      while let update = state.updates[id], advance(update) {}
    }
  }

  /// One round; true when the update went into a state that has to be looked at again.
  private mutating func advance(_ start: JobUpdate) -> Bool {
    var update = start
    guard update.status == .rollingForward || update.status == .rollingBack else { return false }
    for instance in update.order {
      guard var progress = update.instances[instance], progress.phase == .working else { continue }
      if progress.failures > update.configuration.maxPerInstanceFailures {
        progress.phase = .failed
        progress.action = update.isRollingBack ? .rollbackFailed : .updateFailed
      } else if isDone(instance, progress, of: update) {
        progress.phase = .done
        progress.action = update.isRollingBack ? .rolledBack : .updated
      } else {
        continue
      }
      update.instances[instance] = progress
      put(update)
      if let action = progress.action { record(update.job, .updateInstance(update.id, instance: instance, action)) }
    }
    let failed = update.instances.filter { $0.value.phase == .failed }.keys.sorted()
    if failed.count > update.configuration.maxTotalFailures {
      let names = failed.map { String($0) }.joined(separator: ", ")
      let message = "instance \(names) failed"
      if !update.isRollingBack, update.configuration.rollbackOnFailure {
        rollBack(update, message: message + ": rolling back", user: nil)
        return true
      }
      enter(update, .failed, message: message)
      return false
    }
    var working = update.instances.values.count { $0.phase == .working }
    if working == 0 || !update.configuration.waitForBatchCompletion {
      for instance in update.order where working < update.configuration.batchSize {
        guard update.instances[instance]?.phase == .waiting else { continue }
        begin(instance, of: &update)
        working += 1
      }
    }
    guard update.instances.values.allSatisfy({ $0.phase == .done || $0.phase == .failed }) else { return false }
    enter(update, update.isRollingBack ? .rolledBack : .rolledForward, message: nil)
    return false
  }

  /// Turns an update round: what it has touched goes back to what it was.
  mutating func rollBack(_ update: JobUpdate, message: String, user: String?) {
    var update = update
    update.instances = update.instances.filter { $0.value.phase != .waiting }
      .mapValues { progress in
        JobUpdate.Progress(
          from: progress.from, to: progress.to, phase: .waiting, action: progress.action, failures: 0, beganAt: 0)
      }
    enter(update, .rollingBack, message: message, user: user)
  }

  /// Starts with one instance: from here on, the revision it is to run is the one wanted of it.
  private mutating func begin(_ instance: Int, of update: inout JobUpdate) {
    guard var progress = update.instances[instance], var job = state.jobs[update.job] else { return }
    let target = update.target(of: progress)
    progress.phase = .working
    progress.beganAt = state.nextSequence
    progress.action = update.isRollingBack ? .rollingBack : .updating
    update.instances[instance] = progress
    put(update)
    if let action = progress.action { record(update.job, .updateInstance(update.id, instance: instance, action)) }
    job.desired[instance] = target
    put(job)

    let key = InstanceKey(job: update.job, instance: instance)
    let task = state.activeTask(of: key)
    guard let target, let revision = job.revision(target) else {
      if let task { killTask(task.id, message: "removed by update \(update.id)") }
      return
    }
    guard let task else { return createTask(for: key, revision: revision) }
    if task.revision == target, !update.isRestart || update.isRollingBack { return }
    switch task.status {
    case .initial, .pending, .throttled:
      deleteTask(task, message: "replaced by update \(update.id)")
      createTask(for: key, revision: revision, ancestor: task)
    default: move(task.id, to: .restarting, message: "update \(update.id)")
    }
  }

  private func isDone(_ instance: Int, _ progress: JobUpdate.Progress, of update: JobUpdate) -> Bool {
    guard let since = runningSince(instance, progress, of: update) else { return false }
    return now >= since + (update.target(of: progress) == nil ? .zero : update.configuration.watch)
  }

  /// Since when an instance is as the update wants it; nil while it is not.
  private func runningSince(_ instance: Int, _ progress: JobUpdate.Progress, of update: JobUpdate) -> Timestamp? {
    let key = InstanceKey(job: update.job, instance: instance)
    let task = state.activeTask(of: key)
    guard let target = update.target(of: progress) else { return task == nil ? now : nil }
    guard let task, task.revision == target, task.status == .running else { return nil }
    if update.isRestart, !update.isRollingBack, task.sequence < progress.beganAt { return nil }
    // Unhealthy, though not yet often enough to be ended: it has not proved itself.
    guard task.health?.healthy ?? true else { return nil }
    return task.since
  }

  /// When an update can go on by time alone.
  func watchDeadline(of update: JobUpdate) -> Timestamp? {
    guard update.status == .rollingForward || update.status == .rollingBack else { return nil }
    return update.instances.filter { $0.value.phase == .working && update.target(of: $0.value) != nil }
      .compactMap { runningSince($0.key, $0.value, of: update) }.map { $0 + update.configuration.watch }
      .filter { $0 > now }.min()
  }

  /// Counts a failure of what the update started.
  mutating func noteEnd(of task: TaskRecord, from former: TaskStatus) {
    guard !TaskTransitions.isEnding(former), var update = state.activeUpdate(of: task.job),
      var progress = update.instances[task.instance], progress.phase == .working,
      update.target(of: progress) == task.revision, task.sequence >= progress.beganAt || !update.isRestart
    else { return }
    progress.failures += 1
    update.instances[task.instance] = progress
    put(update)
  }
}

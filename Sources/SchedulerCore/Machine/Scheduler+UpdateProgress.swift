internal import JobModel

// The progress of updates: one batch at a time, each instance watched until it has run long enough.
extension Scheduler {
  /// Continues the update of a job as far as possible now.
  mutating func advanceUpdate(of key: JobKey) {
    guard let id = state.index.jobs[key]?.update else { return timers.set(.update(key), nil) }
    // Rolling back begins in the same step as the failure that led to it.
    while let update = state.updates[id], advance(update) {}
    let due = state.updates[id].flatMap { update in
      [watchDeadline(of: update), update.pulseDue, update.configuration.slaAware ? nextAllowance(of: key) : nil]
        .compactMap(\.self).min()
    }
    timers.set(.update(key), due)
  }

  /// One round; true if the update entered a state that has to be checked again.
  private mutating func advance(_ start: JobUpdate) -> Bool {
    guard start.isRolling else { return false }
    if start.needsPulse(at: now) {
      enter(
        start, start.isRollingBack ? .rollBackAwaitingPulse : .rollForwardAwaitingPulse,
        message: "no pulse for \(start.configuration.pulseInterval?.components.seconds ?? 0) s")
      return false
    }
    var update = judge(start)
    let failed = update.instances.filter { $0.value.phase == .failed }.keys.sorted()
    if failed.count > update.configuration.maxTotalFailures {
      let message = Self.failureMessage(failed, of: update)
      if !update.isRollingBack, update.configuration.rollbackOnFailure {
        rollBack(update, message: message, user: nil)
        return true
      }
      enter(update, .failed, message: message)
      return false
    }
    if beginNext(of: &update) { return false }
    guard update.instances.values.allSatisfy({ $0.phase == .done || $0.phase == .failed }) else { return false }
    enter(update, update.isRollingBack ? .rolledBack : .rolledForward, message: nil)
    return false
  }

  /// The reason why an update does not continue. Its status determines the next step.
  private static func failureMessage(_ failed: [Int], of update: JobUpdate) -> String {
    let names = failed.map { String($0) }.joined(separator: ", ")
    let settings = update.configuration
    var message = failed.count == 1 ? "instance \(names) failed" : "instances \(names) failed"
    if settings.maxPerInstanceFailures > 0 { message += " more than \(settings.maxPerInstanceFailures) times" }
    message +=
      settings.maxTotalFailures == 0
      ? ", and the update allows no failed instance"
      : ", and the update allows \(settings.maxTotalFailures) failed instances"
    if update.isRollingBack { return "while rolling back, " + message }
    return settings.rollbackOnFailure ? message : message + "; rollback_on_failure is off"
  }

  /// Sees which of the instances at work are done, and which have failed for good.
  private mutating func judge(_ start: JobUpdate) -> JobUpdate {
    var update = start
    for instance in update.working {
      guard var progress = update.instances[instance] else { continue }
      let key = InstanceKey(job: update.job, instance: instance)
      if progress.failures > update.configuration.maxPerInstanceFailures {
        progress.phase = .failed
        progress.action = update.isRollingBack ? .rollbackFailed : .updateFailed
        // A rollback leaves nothing of the reverted release, even if it runs better.
        if update.isRollingBack {
          retireLeaving(of: key, message: "rolled back by update \(update.id)")
        } else {
          restoreLeaving(of: key)
        }
      } else if isDone(instance, progress, of: update) {
        progress.phase = .done
        progress.action = update.isRollingBack ? .rolledBack : .updated
        retireLeaving(of: key, message: "replaced by update \(update.id)")
      } else {
        continue
      }
      update.instances[instance] = progress
      put(update)
      if let action = progress.action { record(update.job, .updateInstance(update.id, instance: instance, action)) }
    }
    return update
  }

  /// Begins with the allowed number of instances; true if the update paused instead.
  private mutating func beginNext(of update: inout JobUpdate) -> Bool {
    let current = update.currentBatch
    guard update.batches.indices.contains(current) else { return false }
    if current > update.openBatch {
      if update.configuration.strategy.pausesAfterBatch, !update.isRollingBack {
        enter(
          update, .rollForwardPaused,
          message: "batch \(current) of \(update.batches.count) is done: the update pauses until it is resumed")
        return true
      }
      update.openBatch = current
      put(update)
    }
    var working = update.working.count
    let limit =
      update.configuration.waitForBatchCompletion
      ? Int.max : update.configuration.batchSize + (plants(.overrunsBatch) ? 1 : 0)
    for instance in update.batches[current] where working < limit {
      guard update.instances[instance]?.phase == .waiting else { continue }
      // The copy that a start-first step replaced is still ending: an instance never has three.
      let copies = leaving(of: InstanceKey(job: update.job, instance: instance))
      if copies.contains(where: { TaskTransitions.isEnding($0.status) }) { continue }
      if update.configuration.slaAware, !mayStop(instance, of: update) { continue }
      begin(instance, of: &update)
      working += 1
    }
    return false
  }

  /// Whether the SLA policy allows stopping an instance for the update; stopping an instance that does not run is
  /// always allowed.
  private mutating func mayStop(_ instance: Int, of update: JobUpdate) -> Bool {
    guard let task = state.activeTask(of: InstanceKey(job: update.job, instance: instance)), task.status == .running,
      !update.configuration.startFirst
    else { return true }
    return allowance(of: update.job) > 0
  }

  /// Reverses an update: touched instances return to their former release, the last batch first.
  mutating func rollBack(_ update: JobUpdate, message: String, user: String?) {
    var update = update
    let touched = update.instances.filter {
      $0.value.phase != .waiting && !(plants(.rollsBackHalf) && $0.value.phase == .done)
    }
    update.instances = touched.mapValues { progress in
      JobUpdate.Progress(
        from: progress.from, to: progress.to, phase: .waiting, action: progress.action, failures: 0, beganAt: 0)
    }
    update.batches = update.batches.reversed().map { batch in batch.reversed().filter { touched[$0] != nil } }
      .filter { !$0.isEmpty }
    update.openBatch = 0
    enter(update, .rollingBack, message: message, user: user)
  }

  /// Starts with one instance: from here on, the release it is to run is the one wanted of it.
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
    guard let target, let revision = job.revision(target) else {
      for task in leaving(of: key) { killTask(task.id, message: "removed by update \(update.id)") }
      if let task = state.activeTask(of: key) { killTask(task.id, message: "removed by update \(update.id)") }
      return
    }
    // Two copies are there already, and the one to go back to is one of them: whether it runs already or only starts.
    let copies = leaving(of: key)
    if update.isRollingBack,
      copies.contains(where: { $0.revision == target && !TaskTransitions.isEnding($0.status) })
    {
      return restoreLeaving(of: key)
    }
    guard let task = state.activeTask(of: key) else { return createTask(for: key, revision: revision) }
    if task.revision == target, !update.isRestart || update.isRollingBack { return }
    switch task.status {
    case .initial, .pending, .throttled:
      deleteTask(task, message: "replaced by update \(update.id)")
      createTask(for: key, revision: revision, ancestor: task, keepsPlace: task.keepsPlace)
    case .assigned, .starting, .running:
      if update.configuration.startFirst, copies.isEmpty {
        startBeside(task, revision: revision)
      } else {
        move(task.id, to: .restarting, message: "update \(update.id)")
      }
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
    guard let target = update.target(of: progress) else {
      return task == nil && leaving(of: key).isEmpty ? now : nil
    }
    guard let task, task.revision == target, task.status == .running else { return nil }
    if update.isRestart, !update.isRollingBack, task.sequence < progress.beganAt { return nil }
    // Unhealthy, but not often enough to end the task: it has not proved itself, and the watch starts again afterward.
    return task.healthySince
  }

  /// The time at which an update can continue without another event.
  private func watchDeadline(of update: JobUpdate) -> Timestamp? {
    guard update.isRolling else { return nil }
    return update.working.compactMap { instance -> Timestamp? in
      guard let progress = update.instances[instance], update.target(of: progress) != nil else { return nil }
      return runningSince(instance, progress, of: update).map { $0 + update.configuration.watch }
    }
    .filter { $0 > now }.min()
  }

  /// Counts a failure of a task that the update started.
  mutating func noteEnd(of task: TaskRecord, from former: TaskStatus) {
    guard !TaskTransitions.isEnding(former), var update = state.activeUpdate(of: task.job),
      var progress = update.instances[task.instance], progress.phase == .working,
      update.target(of: progress) == task.revision, task.sequence >= progress.beganAt || !update.isRestart
    else { return }
    progress.failures += 1
    update.instances[task.instance] = progress
    put(update)
  }

  /// Moves an update to another state. A successful update makes its release the job's.
  @discardableResult
  mutating func enter(_ update: JobUpdate, _ status: UpdateStatus, message: String?, user: String? = nil) -> JobUpdate {
    var update = update
    update.status = status
    update.message = message ?? update.message
    update.since = now
    put(update)
    record(update.job, .update(update.id, status), user: user, message: message)
    if status.isTerminal { close(update) }
    return update
  }

  private mutating func close(_ update: JobUpdate) {
    for instance in update.working { settleCopies(of: InstanceKey(job: update.job, instance: instance)) }
    guard var job = state.jobs[update.job] else { return }
    if update.status == .rolledForward {
      if update.isWhole { relabel(&job, to: update.revision) }
      // An update of some instances leaves the job where most of it is.
      if update.isWhole || job.desired.values.allSatisfy({ $0 == update.revision }) { job.current = update.revision }
    }
    if let index = job.revisions.firstIndex(where: { $0.number == update.revision }),
      job.revisions[index].result != .rolledForward
    {
      if update.status != .rolledForward {
        job.revisions[index].result = update.status
      } else if job.current == update.revision {
        job.revisions[index].result = .rolledForward
      }
    }
    put(job)
  }

  /// Instances that run like a release, and so were not touched by the update to it, are counted as its own.
  private mutating func relabel(_ job: inout JobRecord, to number: Int) {
    guard let revision = job.revision(number) else { return }
    for (instance, other) in job.desired.sorted(by: { $0.key < $1.key }) where other != number {
      guard job.revision(other)?.configuration.runsLike(revision.configuration) == true else { continue }
      job.desired[instance] = number
      guard var task = state.activeTask(of: InstanceKey(job: job.key, instance: instance)), task.revision == other
      else { continue }
      task.revision = number
      task.shared = revision.shared
      put(task)
    }
  }
}

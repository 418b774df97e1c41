internal import JobModel
internal import Pipelines

// What is forgotten, and when.
extension Scheduler {
  /// Remembers a job as a former one when its last task has ended after a kill.
  mutating func forgetIfEnded(_ key: JobKey) {
    guard var job = state.jobs[key], job.isEnding, state.index.jobs[key]?.isBusy != true else { return }
    job.endedAt = now
    setFormer(key, job)
    removeJob(key)
    record(key, .job, message: "ended")
  }

  /// Forgets old history, at most once a minute.
  mutating func prune() {
    guard now >= state.prunedAt + .seconds(60) else { return }
    state.prunedAt = now
    prunePipelines()
    for (key, index) in state.index.jobs.sorted(by: { $0.key < $1.key }) {
      pruneTasks(index.tasks.compactMap { state.tasks[$0] })
      let ended = state.updates(of: key).filter(\.status.isTerminal)
      for update in ended.dropFirst(policy.updatesPerJob) { removeUpdate(update.id) }
    }
    for job in state.formerJobs.values.sorted(by: { $0.key < $1.key }) {
      guard let endedAt = job.endedAt, now >= endedAt + policy.historyAge, state.jobs[job.key] == nil,
        state.index.jobs[job.key]?.tasks.isEmpty ?? true
      else { continue }
      for update in state.updates(of: job.key) { removeUpdate(update.id) }
      setFormer(job.key, nil)
    }
  }

  private mutating func pruneTasks(_ tasks: [TaskRecord]) {
    let ended = tasks.filter { $0.status.isTerminal && !$0.awaitsEnd }
      .sorted { ($0.since, $0.sequence) > ($1.since, $1.sequence) }
    for (position, task) in ended.enumerated()
    where position >= policy.historyPerJob || now >= task.since + policy.historyAge {
      removeTask(task.id)
      effects.append(.deleteSandbox(task.id))
    }
  }

  /// Drops the oldest releases without references, if there are more than the policy keeps.
  func trimReleases(of job: inout JobRecord, keeping: Set<Int>) {
    var surplus = job.revisions.count - policy.releasesPerJob
    guard surplus > 0 else { return }
    let needed = keeping.union(job.desired.values).union([job.current])
    job.revisions.removeAll { revision in
      guard surplus > 0, !needed.contains(revision.number) else { return false }
      surplus -= 1
      return true
    }
  }

  /// The wall clock was set: all times in the state move with it.
  mutating func moveTimes(by shift: Duration) {
    state.time = state.time + shift
    state.prunedAt = state.prunedAt + shift
    changes.clockShift += shift
    if var drain = state.drain {
      drain.startedAt = drain.startedAt + shift
      drain.forceAt = drain.forceAt?.moved(shift)
      state.drain = drain
    }
    timers.set(.drain, state.drain?.forceAt)
    for task in state.tasks.values.sorted(by: { $0.sequence < $1.sequence }) {
      var task = task
      if plants(.followsTheWallClock) { continue }
      task.since = task.since + shift
      task.assignedAt = task.assignedAt?.moved(shift)
      task.notBefore = task.notBefore?.moved(shift)
      task.healthySince = task.healthySince?.moved(shift)
      task.nextKill = task.nextKill?.moved(shift)
      for index in task.events.indices { task.events[index].time = task.events[index].time + shift }
      put(task)
    }
    for update in state.updates.values.sorted(by: { $0.id < $1.id }) {
      var update = update
      update.startedAt = update.startedAt + shift
      update.since = update.since + shift
      update.pulsedAt = update.pulsedAt?.moved(shift)
      put(update)
    }
    for job in state.jobs.values.sorted(by: { $0.key < $1.key }) {
      var job = job
      move(&job, by: shift)
      // Schedules follow the new time: runs that were due so far are not due again after a jump ahead, but are after a
      // jump back.
      if shift < .zero, let last = job.lastCronDue { job.lastCronDue = min(last, now) }
      put(job)
    }
    for job in state.formerJobs.values.sorted(by: { $0.key < $1.key }) {
      var job = job
      move(&job, by: shift)
      setFormer(job.key, job)
    }
    for var record in state.pipelines.values.sorted(by: { $0.run.id < $1.run.id }) {
      let outcome = record.run.moveTimes(by: shift)
      put(record, outcome)
      timers.set(.pipeline(record.run.id), record.run.nextDeadline)
    }
    // As the schedules of jobs above.
    for (key, pipeline) in state.schedules.sorted(by: { $0.key < $1.key }) {
      var pipeline = pipeline
      if shift < .zero { pipeline.lastDue = min(pipeline.lastDue, now) }
      set(schedule: key, pipeline)
    }
    let seconds = shift.milliseconds / 1000
    record(
      RecordedEvent.host, .job, message: "the clock was set \(seconds > 0 ? "ahead" : "back") by \(abs(seconds)) s")
  }

  private func move(_ job: inout JobRecord, by shift: Duration) {
    job.createdAt = job.createdAt + shift
    job.endedAt = job.endedAt?.moved(shift)
    for index in job.revisions.indices {
      job.revisions[index].submittedAt = job.revisions[index].submittedAt + shift
    }
  }
}

extension Timestamp {
  fileprivate func moved(_ shift: Duration) -> Timestamp { self + shift }
}

internal import JobModel

// Requests about updates. How they advance is in Scheduler+UpdateProgress.swift.
extension Scheduler {
  mutating func startUpdate(
    _ configuration: JobConfiguration, instances: Set<Int>?, isRestart: Bool, user: String?
  ) throws(SchedulerError) {
    try check(configuration)
    let key = configuration.key
    var job = try existing(key)
    guard let former = job.configuration else { throw .noSuchJob(key) }
    guard configuration.isService, former.isService else {
      // The next run of a cron job takes its configuration from the newest revision: nothing runs that must be changed.
      if configuration.cron != nil, former.cron != nil { return try replaceCron(job, configuration, user: user) }
      throw .notAService(key)
    }
    if let update = state.activeUpdate(of: key) { throw .updateInProgress(key, update.id) }
    try checkQuota(configuration, instances: max(job.desired.count, configuration.instances))

    let number: Int
    if let same = job.revisions.last(where: { $0.configuration.runsLike(configuration) }) {
      number = same.number
    } else {
      number = (job.revisions.last?.number ?? 0) + 1
    }
    var progress: [Int: JobUpdate.Progress] = [:]
    let wanted = instances ?? Set(0..<configuration.instances)
    for instance in wanted.sorted() where isRestart || job.desired[instance] != number {
      progress[instance] = JobUpdate.Progress(from: job.desired[instance], to: number)
    }
    if instances == nil {
      for (instance, from) in job.desired where !wanted.contains(instance) {
        progress[instance] = JobUpdate.Progress(from: from, to: nil)
      }
    }
    guard !progress.isEmpty else { throw .unchanged(key) }

    if job.revision(number) == nil {
      job.revisions.append(
        JobRevision(number: number, configuration: configuration, submittedAt: now, user: user))
      trimRevisions(of: &job, keeping: [number])
      put(job)
    }
    let update = JobUpdate(
      id: UpdateID(
        "\(key.role)-\(key.stage)-\(key.name)-update-\(String(now.milliseconds, radix: 36))-\(nextSequence())"),
      job: key, status: .rollingForward, configuration: configuration.update, revision: number,
      formerRevision: job.current, isRestart: isRestart, instances: progress, user: user, message: nil,
      startedAt: now, since: now)
    put(update)
    record(key, .update(update.id, .rollingForward), user: user)
  }

  mutating func pauseUpdate(_ key: JobKey, user: String?) throws(SchedulerError) {
    let update = try updating(key)
    try change(update, to: update.isRollingBack ? .rollBackPaused : .rollForwardPaused, message: "paused", user: user)
  }

  mutating func resumeUpdate(_ key: JobKey, user: String?) throws(SchedulerError) {
    let update = try updating(key)
    try change(update, to: update.isRollingBack ? .rollingBack : .rollingForward, message: "resumed", user: user)
  }

  mutating func abortUpdate(_ key: JobKey, user: String?) throws(SchedulerError) {
    try change(try updating(key), to: .aborted, message: "aborted", user: user)
  }

  mutating func rollbackUpdate(_ key: JobKey, user: String?) throws(SchedulerError) {
    let update = try updating(key)
    guard UpdateTransitions.allows(update.status, .rollingBack), !update.isRollingBack else {
      throw .updateCannot(update.id, from: update.status, to: .rollingBack)
    }
    rollBack(update, message: "rolled back" + (user.map { " by \($0)" } ?? ""), user: user)
  }

  private func updating(_ key: JobKey) throws(SchedulerError) -> JobUpdate {
    _ = try existing(key)
    guard let update = state.activeUpdate(of: key) else { throw .noUpdate(key) }
    return update
  }

  private mutating func change(
    _ update: JobUpdate, to status: UpdateStatus, message: String, user: String?
  ) throws(SchedulerError) {
    guard UpdateTransitions.allows(update.status, status) else {
      throw .updateCannot(update.id, from: update.status, to: status)
    }
    enter(update, status, message: message, user: user)
  }

  /// Ends the update of a job, if there is one.
  mutating func endUpdate(of key: JobKey, _ status: UpdateStatus, message: String, user: String?) {
    guard let update = state.activeUpdate(of: key) else { return }
    enter(update, status, message: message, user: user)
  }

  /// Takes an update to another state. One that ends well makes its revision the job's.
  @discardableResult
  mutating func enter(_ update: JobUpdate, _ status: UpdateStatus, message: String?, user: String? = nil) -> JobUpdate {
    var update = update
    update.status = status
    update.message = message ?? update.message
    update.since = now
    put(update)
    record(update.job, .update(update.id, status), user: user, message: message)
    if status == .rolledForward || status == .rolledBack, var job = state.jobs[update.job] {
      // An update of some instances leaves the job where most of it is.
      let number = status == .rolledForward ? update.revision : update.formerRevision
      if status == .rolledBack || job.desired.values.allSatisfy({ $0 == number }) { job.current = number }
      put(job)
    }
    return update
  }

  /// Drops the oldest revisions that nothing refers to.
  private func trimRevisions(of job: inout JobRecord, keeping: Set<Int>) {
    let needed = keeping.union(job.desired.values).union([job.current])
    var surplus = job.revisions.count - policy.revisionsPerJob
    job.revisions.removeAll { revision in
      guard surplus > 0, !needed.contains(revision.number) else { return false }
      surplus -= 1
      return true
    }
  }

  private mutating func replaceCron(
    _ job: JobRecord, _ configuration: JobConfiguration, user: String?
  ) throws(SchedulerError) {
    guard job.configuration != configuration else { throw .unchanged(job.key) }
    var job = job
    let number = (job.revisions.last?.number ?? 0) + 1
    job.revisions.append(JobRevision(number: number, configuration: configuration, submittedAt: now, user: user))
    job.current = number
    trimRevisions(of: &job, keeping: [number])
    put(job)
    record(job.key, .job, user: user, message: "schedule replaced")
  }
}

extension JobConfiguration {
  /// Whether tasks of both run alike: how many there are, how updates go and who asked make no difference to them.
  func runsLike(_ other: JobConfiguration) -> Bool {
    var same = self
    same.instances = other.instances
    same.update = other.update
    same.owner = other.owner
    same.source = other.source
    return same == other
  }
}

public import JobModel

/// A planned update: nothing is changed yet.
public struct UpdateProposal: Sendable, Hashable {
  /// The release that the job would come to.
  public var revision: JobRevision
  /// Whether that release exists already.
  public var isKnown: Bool
  public var formerRevision: Int
  public var instances: [Int: JobUpdate.Progress]
  /// Instances in the order they would be changed.
  public var batches: [[Int]]
  /// Instances that are left alone.
  public var untouched: Int

  /// Whether there is nothing to do. Without changed instances, a new release can still be created.
  public var isUnchanged: Bool { instances.isEmpty && isKnown }
}

// Requests about updates. How they advance is in Scheduler+UpdateProgress.swift.
extension Scheduler {
  /// Computes the effect of an update, with all checks; changes nothing.
  ///
  /// - Throws: the refusals of `startUpdate`, except `unchanged`.
  public func proposal(
    _ configuration: JobConfiguration, instances: Set<Int>? = nil, isRestart: Bool = false
  ) throws(SchedulerError) -> UpdateProposal {
    try check(configuration)
    let key = configuration.key
    let job = try existing(key)
    guard let former = job.configuration else { throw .noSuchJob(key) }
    guard configuration.isService, former.isService else { throw .notAService(key) }
    if let update = state.activeUpdate(of: key) { throw .updateInProgress(key, update.id) }
    try checkQuota(configuration, instances: max(job.desired.count, configuration.instances))
    let missing = (instances ?? []).filter { !(0..<configuration.instances).contains($0) }.sorted()
    guard missing.isEmpty else { throw .noSuchInstances(key, missing) }

    let (revision, isKnown) = revision(of: configuration, in: job)
    var progress: [Int: JobUpdate.Progress] = [:]
    let wanted = instances ?? Set(0..<configuration.instances)
    for instance in wanted {
      let from = job.desired[instance]
      if !isRestart, let from, from == revision.number || runsLike(from, configuration, in: job) { continue }
      progress[instance] = JobUpdate.Progress(from: from, to: revision.number)
    }
    if instances == nil {
      for (instance, from) in job.desired where !wanted.contains(instance) {
        progress[instance] = JobUpdate.Progress(from: from, to: nil)
      }
    }
    return proposal(revision, isKnown, progress, of: job, configuration.update)
  }

  private func proposal(
    _ revision: JobRevision, _ isKnown: Bool, _ progress: [Int: JobUpdate.Progress], of job: JobRecord,
    _ settings: UpdateConfiguration
  ) -> UpdateProposal {
    UpdateProposal(
      revision: revision, isKnown: isKnown && revision.number == job.current, formerRevision: job.current,
      instances: progress, batches: settings.strategy.batches(of: JobUpdate.order(progress, isRollingBack: false)),
      untouched: job.desired.count { progress[$0.key] == nil })
  }

  private func runsLike(_ number: Int, _ configuration: JobConfiguration, in job: JobRecord) -> Bool {
    job.revision(number)?.configuration.runsLike(configuration) ?? false
  }

  /// The release of a configuration: the current or the last one when that is the same, or else a new one.
  private func revision(of configuration: JobConfiguration, in job: JobRecord) -> (JobRevision, isKnown: Bool) {
    for known in [job.revision(job.current), job.revisions.last] {
      if let known, known.configuration.isSame(as: configuration) { return (known, true) }
    }
    let number = (job.revisions.last?.number ?? 0) + 1
    return (JobRevision(number: number, configuration: configuration, submittedAt: now), false)
  }

  mutating func startUpdate(
    _ configuration: JobConfiguration, instances: Set<Int>?, isRestart: Bool, cause: JobRevision.Cause, user: String?,
    reason: String?
  ) throws(SchedulerError) {
    let key = configuration.key
    let job = try existing(key)
    // The next run of a cron job takes its configuration from the newest release: no running task must change.
    if configuration.cron != nil, job.isCron {
      return try replaceCron(job, configuration, cause: cause, user: user, reason: reason)
    }
    let proposal = try proposal(configuration, instances: instances, isRestart: isRestart)
    try carryOut(
      proposal, of: job, isWhole: instances == nil, isRestart: isRestart, cause: cause, user: user, reason: reason)
  }

  mutating func scale(_ key: JobKey, to count: Int, user: String?, reason: String?) throws(SchedulerError) {
    let job = try existing(key)
    guard var configuration = job.configuration else { throw .noSuchJob(key) }
    configuration.instances = count
    if configuration.cron != nil {
      return try replaceCron(job, configuration, cause: .scale, user: user, reason: reason)
    }
    var proposal = try proposal(configuration)
    // Instances of another release, such as a canary, keep it.
    proposal.instances = proposal.instances.filter { $0.value.from == nil || $0.value.to == nil }
    proposal.batches = configuration.update.strategy.batches(
      of: JobUpdate.order(proposal.instances, isRollingBack: false))
    try carryOut(proposal, of: job, isWhole: true, isRestart: false, cause: .scale, user: user, reason: reason)
  }

  mutating func rollback(_ key: JobKey, to number: Int?, user: String?, reason: String?) throws(SchedulerError) {
    let job = try existing(key)
    if let update = state.activeUpdate(of: key) {
      guard number == nil || number == update.formerRevision else { throw .updateInProgress(key, update.id) }
      return try rollbackUpdate(key, user: user)
    }
    let target = number.map { job.revision($0) } ?? job.previousRelease
    guard let target else { throw .noSuchRelease(key, number, known: job.revisions.map(\.number)) }
    try startUpdate(
      target.configuration, instances: nil, isRestart: false, cause: .rollback(to: target.number), user: user,
      reason: reason)
  }

  private mutating func carryOut(
    _ proposal: UpdateProposal, of job: JobRecord, isWhole: Bool, isRestart: Bool, cause: JobRevision.Cause,
    user: String?, reason: String?
  ) throws(SchedulerError) {
    let key = job.key
    if proposal.instances.isEmpty, proposal.isKnown || !isWhole { throw .unchanged(key) }
    var job = job
    var revision = proposal.revision
    if job.revision(revision.number) == nil {
      revision.user = user
      revision.reason = reason
      revision.cause = cause
      job.revisions.append(revision)
      trimReleases(of: &job, keeping: [revision.number])
      put(job)
    }
    let settings = revision.configuration.update
    let needsPulse = settings.pulseInterval != nil && !proposal.instances.isEmpty
    let update = JobUpdate(
      id: UpdateID(
        "\(key.role)-\(key.stage)-\(key.name)-update-\(String(now.milliseconds, radix: 36))-\(nextSequence())"),
      job: key, status: needsPulse ? .rollForwardAwaitingPulse : .rollingForward, configuration: settings,
      revision: revision.number, formerRevision: job.current, isRestart: isRestart, isWhole: isWhole,
      instances: proposal.instances, batches: proposal.batches, openBatch: 0, pulsedAt: nil, user: user, reason: reason,
      message: needsPulse ? "waits for its first pulse" : nil, startedAt: now, since: now)
    put(update)
    record(key, .update(update.id, update.status), user: user, message: reason ?? update.message)
  }

  mutating func pauseUpdate(_ key: JobKey, user: String?) throws(SchedulerError) {
    let update = try updating(key)
    try change(update, to: update.isRollingBack ? .rollBackPaused : .rollForwardPaused, message: "paused", user: user)
  }

  mutating func resumeUpdate(_ key: JobKey, user: String?) throws(SchedulerError) {
    var update = try updating(key)
    let isBack = update.isRollingBack
    guard update.status.isPaused else {
      throw .updateCannot(update.id, from: update.status, to: isBack ? .rollingBack : .rollingForward)
    }
    update.openBatch = update.currentBatch
    if update.needsPulse(at: now) {
      enter(
        update, isBack ? .rollBackAwaitingPulse : .rollForwardAwaitingPulse, message: "resumed, waits for a pulse",
        user: user)
    } else {
      enter(update, isBack ? .rollingBack : .rollingForward, message: "resumed", user: user)
    }
  }

  mutating func pulseUpdate(_ key: JobKey, user: String?) throws(SchedulerError) {
    var update = try updating(key)
    guard update.configuration.pulseInterval != nil else { throw .needsNoPulse(key, update.id) }
    update.pulsedAt = now
    switch update.status {
    case .rollForwardAwaitingPulse: enter(update, .rollingForward, message: "pulsed", user: user)
    case .rollBackAwaitingPulse: enter(update, .rollingBack, message: "pulsed", user: user)
    default: put(update)
    }
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

  private mutating func replaceCron(
    _ job: JobRecord, _ configuration: JobConfiguration, cause: JobRevision.Cause, user: String?, reason: String?
  ) throws(SchedulerError) {
    try check(configuration)
    try checkQuota(configuration, instances: configuration.instances)
    guard job.configuration?.isSame(as: configuration) != true else { throw .unchanged(job.key) }
    var job = job
    let number = (job.revisions.last?.number ?? 0) + 1
    job.revisions.append(
      JobRevision(
        number: number, configuration: configuration, submittedAt: now, user: user, reason: reason, cause: cause,
        result: .rolledForward))
    job.current = number
    // A schedule that changed counts from now on: times before it were not its own.
    if configuration.cron != job.revision(job.current)?.configuration.cron { job.lastCronDue = now }
    trimReleases(of: &job, keeping: [number])
    put(job)
    record(job.key, .job, user: user, message: "schedule replaced" + (reason.map { ": \($0)" } ?? ""))
  }
}

extension JobConfiguration {
  /// Whether both are one configuration, regardless of the submitter.
  func isSame(as other: JobConfiguration) -> Bool {
    var same = self
    same.owner = other.owner
    return same == other
  }

  /// Whether a task of one configuration can serve as a task of the other without a restart. The number of instances,
  /// update settings, priorities and origin make no difference to a task; neither does another commit of an artifact
  /// that has the same digest.
  public func runsLike(_ other: JobConfiguration) -> Bool {
    var same = self
    same.instances = other.instances
    same.update = other.update
    same.owner = other.owner
    same.contact = other.contact
    same.metadata = other.metadata
    same.source = other.source
    same.priority = other.priority
    same.tier = other.tier
    same.slaPolicy = other.slaPolicy
    same.maxTaskFailures = other.maxTaskFailures
    same.partitionPolicy = other.partitionPolicy
    same.alerts = other.alerts
    guard same.task.artifacts.count == other.task.artifacts.count else { return false }
    for (index, artifact) in other.task.artifacts.enumerated() {
      let own = same.task.artifacts[index]
      guard let digest = artifact.digest, own.digest == digest, own.name == artifact.name,
        own.hashType == artifact.hashType
      else { continue }
      same.task.artifacts[index] = artifact
    }
    return same == other
  }
}

internal import Diagnostics
internal import JobModel
internal import NIOPosix
internal import SchedulerCore
internal import SchedulerStore

/// A configuration that a client submits for a job, with the scope of the change.
struct Submission: Sendable {
  var configuration: JobConfiguration
  /// Only these instances; nil for all.
  var instances: Set<Int>?
  /// Whether a missing job is created.
  var creates = true
  var requester = Requester()
}

/// The caller of a change, as the server knows it, and the reason in the caller's words.
struct Requester: Sendable {
  var user: String?
  var reason: String?
}

/// The result of a submission or of another change of a job.
struct Receipt: Sendable {
  var key: JobKey
  var outcome: UpdatePlan.Outcome
  var release: Int?
  /// The update that carries the change out; nil for a creation, and if nothing changes.
  var update: UpdateID?
}

// Plans and changes that run as updates.
extension HostScheduler {
  /// The effect that a submission would have. Checks everything that `deploy` checks.
  nonisolated func plan(_ submission: Submission) async throws -> UpdatePlan {
    return try await described(previewed(verified(submission)))
  }

  /// The plan with the user that the tasks would run as, and whether they could take ports of others.
  nonisolated func described(_ plan: UpdatePlan) async -> UpdatePlan {
    var plan = plan
    if let configuration = plan.proposed ?? plan.current { plan.runsAs = await runsAs(configuration) }
    plan.openPorts = openPorts
    return plan
  }

  /// The user that tasks of a job run as when they are started now.
  nonisolated func runsAs(_ configuration: JobConfiguration) async -> RunsAs {
    let check = SubmissionCheck(options)
    do {
      // A user database can be on another machine.
      return try await NIOThreadPool.singleton.runIfActive { try check.runsAs(configuration) }
    } catch {
      return .impossible(problem: Self.summary(of: error))
    }
  }

  /// Creates the job, or updates it to the configuration; a configuration that changes no instance starts nothing.
  nonisolated func deploy(_ submission: Submission) async throws -> Receipt {
    return try await submit(verified(submission))
  }

  /// Creates a job; one that exists is an error.
  nonisolated func create(_ configuration: JobConfiguration, _ requester: Requester) async throws -> Receipt {
    return try await submitNew(verified(configuration, reason: requester.reason), requester)
  }

  private func submitNew(_ configuration: JobConfiguration, _ requester: Requester) throws -> Receipt {
    refreshOffer()
    return try carryOut(
      .createJob(configuration, user: requester.user, reason: requester.reason), key: configuration.key)
  }

  private nonisolated func verified(_ submission: Submission) async throws -> Submission {
    var submission = submission
    submission.configuration = try await verified(submission.configuration, reason: submission.requester.reason)
    return submission
  }

  /// The configuration with the server's own findings. The artifact repository can be far away, so tasks do not wait
  /// for it.
  ///
  /// - Parameter reason: the user's reason for overriding rules that the policy lets be overridden.
  private nonisolated func verified(_ configuration: JobConfiguration, reason: String?) async throws -> JobConfiguration
  {
    let check = SubmissionCheck(options)
    return try await NIOThreadPool.singleton.runIfActive { try check.verified(configuration, reason: reason) }
  }

  private func previewed(_ submission: Submission) throws -> UpdatePlan {
    refreshOffer()
    return try plan(event(for: submission), key: submission.configuration.key)
  }

  private func submit(_ submission: Submission) throws -> Receipt {
    refreshOffer()
    return try carryOut(event(for: submission), key: submission.configuration.key)
  }

  private func event(for submission: Submission) throws -> SchedulerInput {
    let (key, state, requester) = (submission.configuration.key, store.state, submission.requester)
    let creation = SchedulerInput.createJob(submission.configuration, user: requester.user, reason: requester.reason)
    guard let job = state.jobs[key] else {
      guard submission.creates else { throw SchedulerError.noSuchJob(key) }
      return creation
    }
    // A finished job that is not a service is run again.
    if job.desired.isEmpty, !job.isEnding, job.configuration?.isService == false, !job.isCron { return creation }
    return .startUpdate(
      submission.configuration, instances: submission.instances, user: requester.user, reason: requester.reason)
  }

  // MARK: Plans

  /// Applies an event to a copy of the state machine, and describes the difference.
  private func plan(_ event: SchedulerInput, key: JobKey) throws -> UpdatePlan {
    var copy = store.read { scheduler in copy scheduler }
    let before = copy.state
    let former = before.jobs[key]
    do throws(SchedulerError) {
      _ = try copy.apply(event, at: Self.now())
    } catch {
      guard case .unchanged = error else { throw error }
      return UpdatePlan(
        key: key, outcome: .unchanged, release: former?.current ?? 0, formerRelease: former?.current,
        untouched: former?.desired.count ?? 0, current: former?.configuration, proposed: former?.configuration)
    }
    guard let job = copy.state.jobs[key], let newest = job.revisions.last else { throw SchedulerError.noSuchJob(key) }
    if case .createJob = event {
      let instances = job.isCron ? [] : Array(0..<newest.configuration.instances)
      return UpdatePlan(
        key: key, outcome: .create, release: newest.number, formerRelease: former?.current,
        changes: instances.map { UpdatePlan.Change(instance: $0, kind: .add, to: newest.number) },
        batches: instances.isEmpty ? [] : [instances], proposed: newest.configuration)
    }
    guard let update = copy.state.updates(of: key).first(where: { before.updates[$0.id] == nil }) else {
      return UpdatePlan(
        key: key, outcome: .replace, release: newest.number, formerRelease: former?.current,
        current: former?.configuration, proposed: newest.configuration)
    }
    let changes = update.instances.map { instance, progress in
      UpdatePlan.Change(instance: instance, kind: Self.kind(of: progress), from: progress.from, to: progress.to)
    }.sorted { ($0.kind.order, $0.instance) < ($1.kind.order, $1.instance) }
    return UpdatePlan(
      key: key, outcome: .update, release: update.revision, formerRelease: update.formerRevision, changes: changes,
      untouched: (former?.desired.keys.filter { update.instances[$0] == nil } ?? []).count,
      batches: Self.batches(of: update),
      current: former?.configuration, proposed: job.revision(update.revision)?.configuration,
      secondsPerInstance: secondsPerInstance(of: key))
  }

  private static func kind(of progress: JobUpdate.Progress) -> UpdatePlan.Change.Kind {
    if progress.from == nil { return .add }
    if progress.to == nil { return .remove }
    return progress.from == progress.to ? .restart : .change
  }

  /// The instances that are changed together. A queue has one batch, of which this number is changed at a time.
  private static func batches(of update: JobUpdate) -> [[Int]] {
    guard case .queue(let size) = update.configuration.strategy else { return update.batches }
    let order = update.batches.flatMap(\.self)
    return stride(from: 0, to: order.count, by: max(1, size)).map {
      Array(order[$0..<min($0 + max(1, size), order.count)])
    }
  }

  /// The mean duration per changed instance of the updates of a job that succeeded.
  private func secondsPerInstance(of key: JobKey) -> Double? {
    let ended = store.state.updates(of: key).filter { $0.status == .rolledForward && !$0.instances.isEmpty }
    let instances = ended.reduce(0) { $0 + $1.instances.count }
    guard instances > 0 else { return nil }
    let milliseconds = ended.reduce(0) { $0 + ($1.since - $1.startedAt).milliseconds }
    return Double(milliseconds / Int64(instances)) / 1000
  }

  // MARK: Changes

  /// Refuses jobs that the current policy forbids: a job that was accepted under another policy starts no more tasks.
  func checkPolicy(_ configuration: JobConfiguration) throws {
    let check = PolicyCheck(options.clusterPolicy, hostname: options.ownHostname)
    // Overrides by a recorded reason stay accepted.
    let refusals = check.refusals(of: configuration).filter { !$0.code.isOverridable }
    if !refusals.isEmpty { throw SubmissionRefusals(refusals: refusals) }
  }

  private func carryOut(_ event: SchedulerInput, key: JobKey) throws -> Receipt {
    let before = store.state.updates(of: key).first?.id
    do {
      try apply(event)
    } catch let error as SchedulerError {
      guard case .unchanged = error else { throw error }
      return Receipt(key: key, outcome: .unchanged, release: store.state.jobs[key]?.current, update: nil)
    }
    let job = store.state.jobs[key]
    if case .createJob = event { return Receipt(key: key, outcome: .create, release: job?.current, update: nil) }
    if let update = store.state.updates(of: key).first, update.id != before {
      return Receipt(key: key, outcome: .update, release: update.revision, update: update.id)
    }
    return Receipt(key: key, outcome: .replace, release: job?.current, update: nil)
  }

  /// Changes the number of instances, in the batches of the job's update configuration.
  func scale(_ key: JobKey, to count: Int, _ requester: Requester) throws -> Receipt {
    refreshOffer()
    if let job = store.state.jobs[key], let configuration = job.configuration, count > job.desired.count {
      try checkPolicy(configuration)
    }
    return try carryOut(.scaleJob(key, to: count, user: requester.user, reason: requester.reason), key: key)
  }

  /// The plan of `scale`.
  func scalePlan(_ key: JobKey, to count: Int) throws -> UpdatePlan { try plan(.scaleJob(key, to: count), key: key) }

  /// Restarts instances: in the batches of the job's update configuration, each watched until it is healthy, or
  /// `atOnce`. A job that is not a service has no updates, and restarts at once.
  func restart(_ key: JobKey, instances: Set<Int>?, atOnce: Bool, _ requester: Requester) throws -> Receipt {
    refreshOffer()
    guard let job = store.state.jobs[key], let configuration = job.configuration else {
      throw SchedulerError.noSuchJob(key)
    }
    // An update of an instance that is not there would add it.
    let missing = (instances ?? []).filter { job.desired[$0] == nil }.sorted()
    guard missing.isEmpty else { throw SchedulerError.noSuchInstances(key, missing) }
    try checkPolicy(configuration)
    if atOnce || !configuration.isService {
      try apply(.restartInstances(key, instances: instances, user: requester.user))
      return Receipt(key: key, outcome: .update, release: job.current, update: nil)
    }
    return try carryOut(
      .startUpdate(
        configuration, instances: instances ?? Set(job.desired.keys), restart: true, user: requester.user,
        reason: requester.reason), key: key)
  }

  /// Turns the update in progress back, or starts an update to an earlier release: to the one named, or to the one that
  /// was rolled out before the present one.
  func rollBack(_ key: JobKey, to release: Int?, _ requester: Requester) throws -> Receipt {
    refreshOffer()
    let active = store.state.activeUpdate(of: key)
    if active == nil, let target = try rollbackPlan(key, to: release).proposed { try checkPolicy(target) }
    let receipt = try carryOut(
      .rollbackJob(key, to: release, user: requester.user, reason: requester.reason), key: key)
    guard let active, receipt.update == nil else { return receipt }
    return Receipt(key: key, outcome: .update, release: active.formerRevision, update: active.id)
  }

  /// The plan of `rollBack`.
  func rollbackPlan(_ key: JobKey, to release: Int?) throws -> UpdatePlan {
    try plan(.rollbackJob(key, to: release), key: key)
  }

  /// A change of the update in progress.
  enum UpdateVerb: String, CaseIterable, Sendable {
    case pause, resume, abort, rollback, pulse
  }

  func change(_ key: JobKey, _ verb: UpdateVerb, _ requester: Requester) throws -> Receipt {
    let update = store.state.activeUpdate(of: key)
    switch verb {
    case .pause: try apply(.pauseUpdate(key, user: requester.user))
    case .resume: try apply(.resumeUpdate(key, user: requester.user))
    case .abort: try apply(.abortUpdate(key, user: requester.user))
    case .rollback: try apply(.rollbackUpdate(key, user: requester.user))
    case .pulse: try apply(.pulseUpdate(key, user: requester.user))
    }
    return Receipt(key: key, outcome: .update, release: update?.revision, update: update?.id)
  }

  /// Kills a job, or some of its instances.
  func kill(_ key: JobKey, instances: Set<Int>?, _ requester: Requester) throws -> Receipt {
    try apply(.killJob(key, instances: instances, user: requester.user, reason: requester.reason))
    return Receipt(key: key, outcome: .update, release: store.state.jobs[key]?.current, update: nil)
  }
}

extension UpdatePlan.Change.Kind {
  /// Updates add instances first, and remove them last.
  fileprivate var order: Int {
    switch self {
    case .add: 0
    case .change, .restart: 1
    case .remove: 2
    }
  }
}

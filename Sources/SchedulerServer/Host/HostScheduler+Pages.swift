internal import Diagnostics
internal import Executor
internal import JobModel
internal import SchedulerCore
internal import SchedulerStore

// What only the pages ask.
extension HostScheduler {
  /// What the host has, and what tasks were given of it.
  var usage: HostUsage? {
    let state = store.state
    guard let host = state.pool else { return nil }
    let given = state.placedTasks.reduce(Resources.zero) { $0 + $1.configuration.task.resources }
    return HostUsage(
      hostname: host.hostname, total: host.resources, given: given, drain: state.drain, problem: storeFailure)
  }

  /// A task as its executor recorded it.
  func view(_ directory: TaskDirectory) -> InstancePages.TaskView {
    var view = InstancePages.TaskView(task: TaskID(directory.name))
    view.own = ownMetrics?.ring(of: view.task)
    do {
      guard let checkpoint = try directory.checkpoint() else { return view }
      view.processes = checkpoint.processes
      view.health = checkpoint.health
      view.samples = checkpoint.records.compactMap { record in
        if case .resources(let sample) = record.kind { (time: record.time, sample: sample) } else { nil }
      }
    } catch {
      warn(Self.summary(of: error))
    }
    return view
  }

  /// The cron jobs with their next runs.
  func cronJobs(now: Timestamp) -> [CronStatus] {
    let state = store.state
    return state.jobs.values.sorted { $0.key < $1.key }.compactMap { job in
      guard let cron = job.configuration?.cron else { return nil }
      return CronStatus(
        key: job.key, cron: cron, next: nextRuns(of: job.key, count: 5, now: now),
        lastRun: state.history(of: job.key).first?.instanceStatus)
    }
  }

  /// Runs a cron job now.
  func startCron(_ key: JobKey, _ requester: Requester) throws -> Receipt {
    refreshOffer()
    if let configuration = store.state.jobs[key]?.configuration { try checkPolicy(configuration) }
    try apply(.startCron(key, user: requester.user))
    return Receipt(key: key, outcome: .update, release: store.state.jobs[key]?.current, update: nil)
  }

  // MARK: Quotas

  /// The quotas that are set, and the use of every role that has jobs.
  func quotas() -> [QuotaStatus] {
    let state = store.state
    let roles = Set(state.jobs.keys.map { QuotaKey(role: $0.role) }).union(state.quotas.keys)
    return roles.sorted().map(quota)
  }

  func quota(_ key: QuotaKey) -> QuotaStatus {
    QuotaStatus(name: key.description, limit: store.state.quotas[key], used: store.state.quotaUse(key))
  }

  func setQuota(_ key: QuotaKey, _ resources: Resources?, _ requester: Requester) throws -> QuotaStatus {
    if let resources, resources.milliCPU < 0 || resources.ram < 0 || resources.disk < 0 {
      throw Diagnostic(.input, "the quota of \(key) is negative")
    }
    if options.clusterPolicy.quotas[key] != nil {
      throw SubmissionRefusal(.quotaFixed, "the quota of \(key) is fixed by the scheduler's configuration")
    }
    try apply(.setQuota(key, resources, user: requester.user))
    return quota(key)
  }

  /// The next times at which a cron job is due; empty for another job.
  func nextRuns(of key: JobKey, count: Int, now: Timestamp) -> [Timestamp] {
    store.read { scheduler in
      guard let job = scheduler.state.jobs[key], job.isCron else { return [] }
      return scheduler.schedule(of: job)?.next(count, after: now) ?? []
    }
  }

  /// The newest events, the newest first.
  func events(of job: JobKey?, limit: Int) throws -> [RecordedEvent] {
    try store.events(of: job, limit: limit).reversed()
  }
}

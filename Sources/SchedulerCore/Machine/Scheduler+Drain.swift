internal import JobModel

// Tasks to end on purpose, and SLA policies that limit how many can end at once.
extension Scheduler {
  mutating func startDrain(patience: Duration?, user: String?, reason: String?) {
    let startedAt = state.drain?.startedAt ?? now
    let drain = HostDrain(startedAt: startedAt, forceAt: patience.map { now + $0 }, user: user, reason: reason)
    state.drain = drain
    timers.set(.drain, drain.forceAt)
    record(RecordedEvent.host, .job, user: user, message: "the host is drained" + (reason.map { ": \($0)" } ?? ""))
    touched.formUnion(state.index.jobs.keys)
  }

  mutating func endDrain(user: String?) throws(SchedulerError) {
    guard state.drain != nil else { throw .notDraining }
    state.drain = nil
    timers.set(.drain, nil)
    withdrawDrains(except: drainingHosts)
    pending.retryAll()
    record(RecordedEvent.host, .job, user: user, message: "the host accepts tasks again")
  }

  /// The hosts of a cluster that are being emptied.
  private var drainingHosts: Set<String> { Set(state.hosts.filter { $0.admission == .draining }.map(\.id)) }

  /// Takes requests back that drains have made, except for tasks on these hosts.
  mutating func withdrawDrains(except hosts: Set<String>) {
    if state.drain != nil { return }
    for task in state.activeTasks where task.requestedEnd == .draining && !hosts.contains(task.hostID) {
      var task = task
      task.requestedEnd = nil
      put(task)
    }
  }

  /// Notes that a task shall end as soon as the SLA policy of its job allows.
  mutating func requestEnd(of task: TaskRecord, _ status: TaskStatus) {
    guard task.requestedEnd != status else { return }
    var task = task
    task.requestedEnd = status
    put(task)
  }

  /// Ends what shall end of a job, as far as its SLA policy allows now.
  mutating func endRequested(of key: JobKey) {
    let hosts = drainingHosts
    if state.drain != nil || !hosts.isEmpty { requestDrain(of: key, on: state.drain == nil ? hosts : nil) }
    guard let requests = state.index.jobs[key]?.endRequests, !requests.isEmpty else {
      return timers.set(.allowance(key), nil)
    }
    let isForced = state.drain?.forceAt.map { now >= $0 } ?? false
    let tasks = requests.compactMap { state.tasks[$0] }.sorted { $0.instance < $1.instance }
    for task in tasks {
      guard let status = task.requestedEnd else { continue }
      // What does not run serves nobody: no policy holds it.
      let mayEnd =
        task.status != .running || isForced && status == .draining
        || (task.shared.value.slaPolicy == nil || allowance(of: key) > 0)
          && (status != .draining || state.drain != nil || batchAllowance(of: key) > 0)
      if mayEnd { move(task.id, to: status, message: status == .draining ? "the host is drained" : "restarted") }
    }
    let isWaiting = state.index.jobs[key]?.endRequests.isEmpty == false
    timers.set(.allowance(key), isWaiting ? nextAllowance(of: key) : nil)
  }

  /// Asks tasks to end that are on hosts that are being emptied; nil means every host.
  private mutating func requestDrain(of key: JobKey, on hosts: Set<String>?) {
    for task in state.activeTasks(of: key) + state.leavingTasks(of: key)
    where hosts?.contains(task.hostID) ?? true && task.holdsPlace && !TaskTransitions.isEnding(task.status)
      && task.status != .partitioned
    {
      requestEnd(of: task, .draining)
    }
  }

  /// How many running instances of a job may be stopped now; those without a policy may all be.
  func allowance(of key: JobKey) -> Int {
    guard let job = state.jobs[key], let policy = job.configuration?.slaPolicy else { return .max }
    let up = state.activeTasks(of: key).count { task in
      task.status == .running && task.healthySince.map { now >= $0 + policy.duration } ?? false
    }
    return up - policy.required(of: job.desired.count)
  }

  /// How many running instances of a job may be moved now, so that no more are away than the first batch of its update
  /// has: a host of a cluster is emptied at the pace at which the job is updated.
  private func batchAllowance(of key: JobKey) -> Int {
    guard let job = state.jobs[key], let configuration = job.configuration else { return .max }
    let size = configuration.update.strategy.size(ofBatch: 0)
    let up = state.activeTasks(of: key).count { $0.status == .running }
    return size - (job.desired.count - up)
  }

  /// When one more instance will have been up long enough to count.
  func nextAllowance(of key: JobKey) -> Timestamp? {
    guard let policy = state.jobs[key]?.configuration?.slaPolicy else { return nil }
    return state.activeTasks(of: key).compactMap { $0.healthySince.map { $0 + policy.duration } }
      .filter { $0 > now }.min()
  }
}

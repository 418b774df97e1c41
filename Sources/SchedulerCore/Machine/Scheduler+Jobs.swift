internal import JobModel

extension Scheduler {
  mutating func create(_ configuration: JobConfiguration, user: String?) throws(SchedulerError) {
    try check(configuration)
    let key = configuration.key
    if let job = state.jobs[key] {
      if job.isEnding { throw .jobIsEnding(key) }
      // A job that has run to its end, and is no service, may be run again.
      guard job.desired.isEmpty, job.configuration?.cron == nil else { throw .jobExists(key) }
    }
    try checkQuota(configuration, instances: configuration.instances)
    let number = (state.jobs[key]?.revisions.last?.number ?? 0) + 1
    let revision = JobRevision(number: number, configuration: configuration, submittedAt: now, user: user)
    let isCron = configuration.cron != nil
    let instances = isCron ? 0..<0 : 0..<configuration.instances
    put(
      JobRecord(
        key: key, revisions: (state.jobs[key]?.revisions ?? []).suffix(policy.revisionsPerJob - 1) + [revision],
        current: number, desired: Dictionary(uniqueKeysWithValues: instances.map { ($0, number) }), completed: [],
        isEnding: false, lastCronDue: isCron ? now : nil, createdAt: now))
    record(key, .job, user: user, message: isCron ? "scheduled" : "created with \(configuration.instances) instances")
    for instance in instances { createTask(for: InstanceKey(job: key, instance: instance), revision: revision) }
  }

  mutating func kill(_ key: JobKey, instances: Set<Int>?, user: String?) throws(SchedulerError) {
    // Asking twice for the end of a job is asking once.
    if instances == nil, state.jobs[key]?.isEnding == true { return }
    var job = try existing(key)
    let message = "killed" + (user.map { " by \($0)" } ?? "")
    guard let instances else {
      job.isEnding = true
      job.desired = [:]
      put(job)
      record(key, .job, user: user, message: "killed")
      endUpdate(of: key, .aborted, message: "the job was killed", user: user)
      for task in activeTasks(of: key) { killTask(task.id, message: message) }
      return
    }
    let missing = instances.filter { job.desired[$0] == nil }.sorted()
    guard missing.isEmpty else { throw .noSuchInstances(key, missing) }
    if let update = state.activeUpdate(of: key) { throw .updateInProgress(key, update.id) }
    for instance in instances { job.desired[instance] = nil }
    put(job)
    let list = instances.sorted().map { String($0) }.joined(separator: ", ")
    record(key, .job, user: user, message: "instances \(list) killed")
    for task in activeTasks(of: key) where instances.contains(task.instance) { killTask(task.id, message: message) }
  }

  mutating func addInstances(_ key: JobKey, count: Int, user: String?) throws(SchedulerError) {
    var job = try existing(key)
    guard let revision = job.revision(job.current), count > 0 else { return }
    if let update = state.activeUpdate(of: key) { throw .updateInProgress(key, update.id) }
    let total = job.desired.count + count
    guard total <= policy.maximumInstances else {
      throw .tooManyInstances(key, total, limit: policy.maximumInstances)
    }
    try checkQuota(revision.configuration, instances: total)
    // An instance that is still ending is not started beside itself.
    let taken = Set(job.desired.keys).union(activeTasks(of: key).map(\.instance))
    let first = (taken.max() ?? -1) + 1
    for instance in first..<first + count { job.desired[instance] = revision.number }
    put(job)
    record(key, .job, user: user, message: "\(count) instances added")
    for instance in first..<first + count {
      createTask(for: InstanceKey(job: key, instance: instance), revision: revision)
    }
  }

  mutating func restart(_ key: JobKey, instances: Set<Int>?, user: String?) throws(SchedulerError) {
    let job = try existing(key)
    let missing = (instances ?? []).filter { job.desired[$0] == nil }.sorted()
    guard missing.isEmpty else { throw .noSuchInstances(key, missing) }
    record(key, .job, user: user, message: "restarted")
    for task in activeTasks(of: key) where instances?.contains(task.instance) ?? true {
      move(task.id, to: .restarting, message: "restarted" + (user.map { " by \($0)" } ?? ""))
    }
  }

  /// A job that is not being killed.
  func existing(_ key: JobKey) throws(SchedulerError) -> JobRecord {
    guard let job = state.jobs[key] else { throw .noSuchJob(key) }
    if job.isEnding { throw .jobIsEnding(key) }
    return job
  }

  func activeTasks(of key: JobKey) -> [TaskRecord] {
    state.activeTasks.filter { $0.job == key }
  }

  /// Forgets jobs whose last task has ended after a kill.
  mutating func forgetEndedJobs() {
    let ending = state.jobs.values.filter(\.isEnding).map(\.key).sorted()
    guard !ending.isEmpty else { return }
    let busy = Set(state.placedTasks.map(\.job)).union(state.active.keys.map(\.job))
    for key in ending where !busy.contains(key) {
      state.jobs[key] = nil
      changes.jobs.insert(key)
      record(key, .job, message: "ended")
    }
  }

  /// Refuses a configuration that is not sound.
  func check(_ configuration: JobConfiguration) throws(SchedulerError) {
    let problems = SafetyCheck(policy: policy).problems(of: configuration)
    guard problems.isEmpty else { throw .invalid(configuration.key, problems) }
  }

  /// Refuses `preferred` instances that a role has no quota for.
  func checkQuota(_ configuration: JobConfiguration, instances: Int) throws(SchedulerError) {
    guard configuration.tier == .preferred, let quota = state.quotas[configuration.key.role] else { return }
    var used = Resources.zero
    for job in state.jobs.values where job.key.role == configuration.key.role && job.key != configuration.key {
      guard let other = job.configuration, other.tier == .preferred else { continue }
      let count = other.cron == nil ? job.desired.count : other.instances
      used += other.task.resources.multiplied(by: count)
    }
    used += configuration.task.resources.multiplied(by: instances)
    let over = [
      ("CPU", used.milliCPU > quota.milliCPU), ("RAM", used.ram > quota.ram), ("disk", used.disk > quota.disk),
    ].filter(\.1).map(\.0)
    guard over.isEmpty else {
      throw .overQuota(role: configuration.key.role, what: over.joined(separator: ", "))
    }
  }
}

extension Resources {
  func multiplied(by count: Int) -> Resources {
    Resources(milliCPU: milliCPU * count, ram: ram * count, disk: disk * count, processes: processes)
  }
}

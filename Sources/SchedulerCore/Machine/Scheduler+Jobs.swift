internal import JobModel

extension Scheduler {
  mutating func create(
    _ configuration: JobConfiguration, user: String?, reason: String?
  ) throws(SchedulerError) {
    try check(configuration)
    let key = configuration.key
    if let job = state.jobs[key] {
      if job.isEnding { throw .jobIsEnding(key) }
      // A job that has finished, and is not a service, can be run again.
      guard job.desired.isEmpty, job.configuration?.cron == nil else { throw .jobExists(key) }
    }
    try checkQuota(configuration, instances: configuration.instances)
    // The releases of a killed or finished job continue.
    let revisions = state.record(of: key)?.revisions ?? []
    let revision = JobRevision(
      number: (revisions.last?.number ?? 0) + 1, configuration: configuration, submittedAt: now, user: user,
      reason: reason, cause: .create, result: .rolledForward)
    let isCron = configuration.cron != nil
    let instances = isCron ? 0..<0 : 0..<configuration.instances
    var job = JobRecord(
      key: key, revisions: revisions + [revision], current: revision.number,
      desired: Dictionary(uniqueKeysWithValues: instances.map { ($0, revision.number) }), completed: [],
      isEnding: false, lastCronDue: isCron ? now : nil, createdAt: now, endedAt: nil)
    trimReleases(of: &job, keeping: [])
    if state.formerJobs[key] != nil { setFormer(key, nil) }
    put(job)
    record(key, .job, user: user, message: isCron ? "scheduled" : "created with \(configuration.instances) instances")
    for instance in instances { createTask(for: InstanceKey(job: key, instance: instance), revision: revision) }
  }

  mutating func kill(
    _ key: JobKey, instances: Set<Int>?, user: String?, reason: String?
  ) throws(SchedulerError) {
    // Asking twice for the end of a job is asking once.
    if instances == nil, state.jobs[key]?.isEnding == true { return }
    var job = try existing(key)
    let message = "killed" + (user.map { " by \($0)" } ?? "") + (reason.map { ": \($0)" } ?? "")
    guard let instances else {
      endUpdate(of: key, .aborted, message: "the job was killed", user: user)
      job = state.jobs[key] ?? job
      job.isEnding = true
      job.desired = [:]
      put(job)
      record(key, .job, user: user, message: "killed" + (reason.map { ": \($0)" } ?? ""))
      for task in state.activeTasks(of: key) + state.leavingTasks(of: key) { killTask(task.id, message: message) }
      return
    }
    let missing = instances.filter { job.desired[$0] == nil }.sorted()
    guard missing.isEmpty else { throw .noSuchInstances(key, missing) }
    if let update = state.activeUpdate(of: key) { throw .updateInProgress(key, update.id) }
    for instance in instances { job.desired[instance] = nil }
    put(job)
    let list = instances.sorted().map { String($0) }.joined(separator: ", ")
    record(key, .job, user: user, message: "instances \(list) killed")
    for task in state.activeTasks(of: key) where instances.contains(task.instance) {
      killTask(task.id, message: message)
    }
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
    let taken = Set(job.desired.keys).union(state.activeTasks(of: key).map(\.instance))
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
    for task in state.activeTasks(of: key) where instances?.contains(task.instance) ?? true {
      guard task.status == .running, task.configuration.slaPolicy != nil else {
        move(task.id, to: .restarting, message: "restarted" + (user.map { " by \($0)" } ?? ""))
        continue
      }
      requestEnd(of: task, .restarting)
    }
  }

  /// A job that is not being killed.
  func existing(_ key: JobKey) throws(SchedulerError) -> JobRecord {
    guard let job = state.jobs[key] else { throw .noSuchJob(key) }
    if job.isEnding { throw .jobIsEnding(key) }
    return job
  }

  /// Refuses a configuration that is not sound.
  func check(_ configuration: JobConfiguration) throws(SchedulerError) {
    let problems = SafetyCheck(policy: policy, zones: zones).problems(of: configuration)
    guard problems.isEmpty else { throw .invalid(configuration.key, problems) }
  }

  /// Refuses instances that exceed the quota of a role, or of one of its stages.
  ///
  /// A job that requests no more than it has is never refused: a lowered quota must not prevent a restart, a smaller
  /// release or fewer instances.
  func checkQuota(_ configuration: JobConfiguration, instances: Int) throws(SchedulerError) {
    guard configuration.tier != .revocable else { return }
    let own = state.jobs[configuration.key]?.quotaUse ?? .zero
    for key in configuration.key.quotaKeys {
      guard let quota = state.quotas[key] else { continue }
      let needed = configuration.task.resources.multiplied(by: instances)
      let others = state.quotaUse(key) - own
      var over: [String] = []
      func compare(_ name: String, _ part: KeyPath<Resources, Int>, _ text: (Int) -> String) {
        let (asked, limit, used) = (needed[keyPath: part], quota[keyPath: part], others[keyPath: part])
        guard used + asked > limit, asked > own[keyPath: part] else { return }
        over.append("\(name): the job needs \(text(asked)) of \(text(limit)), other jobs use \(text(used))")
      }
      let mebibytes = { (bytes: Int) in "\(bytes >> 20) MiB" }
      compare("CPU", \.milliCPU) { "\(Double($0) / 1000)" }
      compare("RAM", \.ram, mebibytes)
      compare("disk", \.disk, mebibytes)
      guard over.isEmpty else { throw .overQuota(key, what: over.joined(separator: "; ")) }
    }
  }
}

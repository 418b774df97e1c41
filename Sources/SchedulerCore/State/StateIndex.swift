internal import JobModel

/// Values that follow from the records of a state, updated with each change: the cost of an event depends on its
/// changes, not on the size of the state.
struct StateIndex: Sendable, Hashable {
  /// The index entries of one job. Without a record of the job, tasks and updates of a former one can be left.
  struct Job: Sendable, Hashable {
    /// The task of each instance that is not over.
    var active: [Int: TaskID] = [:]
    /// Tasks that are not over and that another task replaces.
    var leaving: Set<TaskID> = []
    /// Tasks that are over but can have remains, by instance.
    var unfenced: [Int: Set<TaskID>] = [:]
    /// All remembered tasks.
    var tasks: Set<TaskID> = []
    /// The number of active tasks in each state.
    var counts: [TaskStatus: Int] = [:]
    /// Active tasks that wait for the SLA policy to let them end.
    var endRequests: Set<TaskID> = []
    /// The number of its tasks that occupy a place.
    var placed = 0
    /// The update that is not over.
    var update: UpdateID?
    var updates: Set<UpdateID> = []

    var isEmpty: Bool { tasks.isEmpty && updates.isEmpty }
    /// Whether anything of the job may run or shall run.
    var isBusy: Bool { !active.isEmpty || !leaving.isEmpty || placed > 0 }
  }

  var jobs: [JobKey: Job] = [:]
  /// What tasks take of one host.
  struct Load: Sendable, Hashable {
    /// What tasks that have a place take together, and the ports of all of them.
    var used = Resources.zero
    var ports: Set<Int> = []
    /// What is kept for tasks that wait for a place here.
    var claimed = Resources.zero
    var tasks = 0
    var isEmpty: Bool { self == Load() }
  }

  /// Tasks that take a place.
  var placed: Set<TaskID> = []
  /// By the ID of the host.
  var loads: [String: Load] = [:]
  var unfenced: Set<TaskID> = []
  /// Tasks that wait for a place which is kept for them.
  var claims: Set<TaskID> = []
  /// Jobs that were asked to end.
  var ending: Set<JobKey> = []
  var cronJobs: Set<JobKey> = []
  var quotaUse: [QuotaKey: Resources] = [:]

  // MARK: Tasks

  mutating func replace(_ former: TaskRecord?, by task: TaskRecord?) {
    if let former, let task, StateIndex.areAlike(former, task) { return }
    guard let key = former?.job ?? task?.job else { return }
    var job = Job()
    // Removed, so that its sets are changed in place.
    swap(&job, &jobs[key, default: Job()])
    if let former { remove(former, from: &job) }
    if let task { insert(task, into: &job) }
    if job.isEmpty { jobs[key] = nil } else { swap(&job, &jobs[key, default: Job()]) }
  }

  private static func areAlike(_ left: TaskRecord, _ right: TaskRecord) -> Bool {
    left.status == right.status && left.awaitsEnd == right.awaitsEnd && left.isLeaving == right.isLeaving
      && left.keepsPlace == right.keepsPlace && left.requestedEnd == right.requestedEnd && left.ports == right.ports
      && left.host == right.host
      && left.shared.isIdentical(to: right.shared)
  }

  private mutating func remove(_ task: TaskRecord, from job: inout Job) {
    job.tasks.remove(task.id)
    if !task.status.isTerminal {
      if task.isLeaving {
        job.leaving.remove(task.id)
      } else {
        if job.active[task.instance] == task.id { job.active[task.instance] = nil }
        job.counts[task.status, default: 0] -= 1
        if job.counts[task.status] == 0 { job.counts[task.status] = nil }
      }
    }
    if task.requestedEnd != nil { job.endRequests.remove(task.id) }
    if task.awaitsEnd {
      unfenced.remove(task.id)
      job.unfenced[task.instance]?.remove(task.id)
      if job.unfenced[task.instance]?.isEmpty == true { job.unfenced[task.instance] = nil }
    }
    if task.holdsPlace {
      placed.remove(task.id)
      job.placed -= 1
      change(task) { load, resources in
        load.used = load.used - resources
        load.ports.subtract(task.ports.values)
        load.tasks -= 1
      }
    }
    if task.claimsPlace, claims.remove(task.id) != nil {
      change(task) { load, resources in load.claimed = load.claimed - resources }
    }
  }

  private mutating func insert(_ task: TaskRecord, into job: inout Job) {
    job.tasks.insert(task.id)
    if !task.status.isTerminal {
      if task.isLeaving {
        job.leaving.insert(task.id)
      } else {
        job.active[task.instance] = task.id
        job.counts[task.status, default: 0] += 1
      }
    }
    if task.requestedEnd != nil { job.endRequests.insert(task.id) }
    if task.awaitsEnd {
      unfenced.insert(task.id)
      job.unfenced[task.instance, default: []].insert(task.id)
    }
    if task.holdsPlace {
      placed.insert(task.id)
      job.placed += 1
      change(task) { load, resources in
        load.used += resources
        load.ports.formUnion(task.ports.values)
        load.tasks += 1
      }
    }
    if task.claimsPlace, claims.insert(task.id).inserted {
      change(task) { load, resources in load.claimed += resources }
    }
  }

  /// Changes what is taken of the host of a task.
  private mutating func change(_ task: TaskRecord, _ body: (inout Load, Resources) -> Void) {
    var load = Load()
    // Taken out, so that its set is changed in place.
    swap(&load, &loads[task.hostID, default: Load()])
    body(&load, task.configuration.task.resources)
    loads[task.hostID] = load.isEmpty ? nil : load
  }

  // MARK: Jobs and updates

  mutating func replace(_ former: JobRecord?, by job: JobRecord?) {
    if let former {
      count(former, -1)
      ending.remove(former.key)
      cronJobs.remove(former.key)
    }
    if let job {
      count(job, 1)
      if job.isEnding { ending.insert(job.key) }
      if job.isCron { cronJobs.insert(job.key) }
    }
  }

  private mutating func count(_ job: JobRecord, _ sign: Int) {
    guard let use = job.quotaUse else { return }
    for key in job.key.quotaKeys {
      let sum = (quotaUse[key] ?? .zero) + use.multiplied(by: sign)
      quotaUse[key] = sum == .zero ? nil : sum
    }
  }

  mutating func replace(_ former: JobUpdate?, by update: JobUpdate?) {
    guard let key = former?.job ?? update?.job else { return }
    if let former {
      jobs[key]?.updates.remove(former.id)
      if jobs[key]?.update == former.id { jobs[key]?.update = nil }
    }
    if let update {
      jobs[key, default: Job()].updates.insert(update.id)
      if !update.status.isTerminal { jobs[key]?.update = update.id }
    }
    if jobs[key]?.isEmpty == true { jobs[key] = nil }
  }
}

extension JobRecord {
  /// The job's amount toward quotas; nil for a job that needs none.
  var quotaUse: Resources? {
    guard let configuration, configuration.tier != .revocable, endedAt == nil else { return nil }
    let count = configuration.cron == nil ? desired.count : configuration.instances
    var use = configuration.task.resources.multiplied(by: count)
    // Summed values have no process limit: their sums must cancel out.
    use.processes = 0
    return use
  }
}

extension Resources {
  func multiplied(by count: Int) -> Resources {
    Resources(milliCPU: milliCPU * count, ram: ram * count, disk: disk * count, processes: processes)
  }
}

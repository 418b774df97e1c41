public import JobModel

// What the API shows.
extension SchedulerState {
  /// All jobs, by key.
  public var summaries: [JobSummary] { jobs.keys.sorted().compactMap { summary(of: $0) } }

  /// One job in short.
  public func summary(of key: JobKey) -> JobSummary? {
    guard let job = jobs[key], let configuration = job.configuration else { return nil }
    var counts: [TaskStatus: Int] = [:]
    for (instance, id) in active where instance.job == key {
      if let task = tasks[id] { counts[task.status, default: 0] += 1 }
    }
    let update = updates.values.filter { $0.job == key }.max { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) }
    let isCron = configuration.cron != nil
    return JobSummary(
      key: key, isService: configuration.isService, cron: configuration.cron,
      instances: isCron ? configuration.instances : job.desired.count + job.completed.count, counts: counts,
      artifacts: configuration.task.artifacts, owner: configuration.owner, update: update?.summary,
      isEnding: job.isEnding)
  }

  /// Each instance of a job with its present task, or with its last when it has ended.
  public func instances(of key: JobKey) -> [InstanceStatus] {
    var latest: [Int: TaskRecord] = [:]
    for task in tasks.values where task.job == key {
      if let other = latest[task.instance], other.sequence > task.sequence { continue }
      latest[task.instance] = task
    }
    let wanted = jobs[key].map { Set($0.desired.keys).union($0.completed) } ?? []
    return latest.values.filter { wanted.contains($0.instance) || !$0.status.isTerminal || $0.awaitsEnd }
      .sorted { $0.instance < $1.instance }.map(\.instanceStatus)
  }

  /// The tasks of a job that are remembered, the newest first.
  public func history(of key: JobKey, instance: Int? = nil) -> [TaskRecord] {
    tasks.values.filter { $0.job == key && (instance == nil || $0.instance == instance) }
      .sorted { $0.sequence > $1.sequence }
  }
}

extension TaskRecord {
  /// The task as the API gives it; the process ids of its processes are in its checkpoint.
  public var instanceStatus: InstanceStatus {
    InstanceStatus(
      instance: instance, taskID: id, status: status, since: since, ports: ports, executorPID: executorPID,
      message: message, restarts: restarts, isFlapping: flaps > 1, isHealthy: health?.healthy,
      artifacts: configuration.task.artifacts)
  }
}

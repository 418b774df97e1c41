public import JobModel

// The views of the API.
extension SchedulerState {
  /// All jobs, by key.
  public var summaries: [JobSummary] { jobs.keys.sorted().compactMap { summary(of: $0) } }

  /// The summary of one job; of a former job, its last state.
  public func summary(of key: JobKey) -> JobSummary? {
    guard let job = record(of: key), let configuration = job.configuration else { return nil }
    let isCron = configuration.cron != nil
    return JobSummary(
      key: key, isService: configuration.isService, cron: configuration.cron,
      instances: isCron ? configuration.instances : job.desired.count + job.completed.count,
      counts: index.jobs[key]?.counts ?? [:], artifacts: configuration.task.artifacts, owner: configuration.owner,
      update: updates(of: key).first?.summary, isEnding: job.isEnding,
      source: configuration.source)
  }

  /// Each instance of a job with its present task, or with its last when it has ended. The tasks that others take over
  /// from (start-first updates) are in `leavingTasks`.
  public func instances(of key: JobKey) -> [InstanceStatus] {
    var latest: [Int: TaskRecord] = [:]
    for task in taskRecords(of: key) where !task.isLeaving {
      if let other = latest[task.instance], other.sequence > task.sequence { continue }
      latest[task.instance] = task
    }
    let wanted = jobs[key].map { Set($0.desired.keys).union($0.completed) } ?? []
    return latest.values
      .map { activeTask(of: $0.instanceKey) ?? $0 }
      .filter { wanted.contains($0.instance) || !$0.status.isTerminal || $0.awaitsEnd }
      .sorted { $0.instance < $1.instance }.map { instanceStatus(of: $0) }
  }

  /// A task in the form of the API, with the reason why it waits.
  public func instanceStatus(of task: TaskRecord) -> InstanceStatus {
    var status = task.instanceStatus
    if let reason = waitReason(of: task) { status.message = reason }
    if task.status == .throttled { status.nextTry = task.notBefore }
    return status
  }

  /// The tasks of a job that are remembered, the newest first.
  public func history(of key: JobKey, instance: Int? = nil) -> [TaskRecord] {
    taskRecords(of: key).filter { instance == nil || $0.instance == instance }.sorted { $0.sequence > $1.sequence }
  }

  private func taskRecords(of key: JobKey) -> [TaskRecord] {
    (index.jobs[key]?.tasks ?? []).compactMap { tasks[$0] }
  }
}

extension TaskRecord {
  /// The task in the form of the API; the process IDs of its processes are in its checkpoint.
  public var instanceStatus: InstanceStatus {
    InstanceStatus(
      instance: instance, taskID: id, status: status, since: since, ports: ports, executorPID: executorPID,
      message: message, restarts: restarts, isFlapping: flaps > 1, isHealthy: health?.healthy,
      artifacts: configuration.task.artifacts)
  }
}

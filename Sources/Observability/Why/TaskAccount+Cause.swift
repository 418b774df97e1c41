public import JobModel

extension TaskAccount.Cause {
  /// The cause of a task's end, from the scheduler's record and the executor's checkpoint.
  ///
  /// - Parameter checkpoint: nil when there is none, or it cannot be read.
  public init(status: TaskStatus, checkpoint: Checkpoint?, configuration: JobConfiguration) {
    switch status {
    case .lost: self = .lost
    case .finished: self = .finished
    case .killed: self = .stopped
    case .failed: self = checkpoint.map { Self.failure($0, configuration) } ?? .unknown
    default: self = .alive
    }
  }

  private static func failure(_ checkpoint: Checkpoint, _ configuration: JobConfiguration) -> Self {
    let sample = checkpoint.resources?.sample
    if let kills = sample?.outOfMemoryKills, kills > 0 { return .outOfMemory }
    let limit = configuration.task.resources.disk
    if limit > 0, let disk = sample?.disk, disk >= limit { return .disk }
    if let health = checkpoint.health, !health.healthy,
      health.consecutiveFailures > configuration.healthCheck?.maxConsecutiveFailures ?? 0
    {
      return .health
    }
    let runs = checkpoint.processes
    if runs.isEmpty { return .neverStarted }
    // The first that failed; those after it were ended because of it.
    for record in checkpoint.records {
      guard case .process(let run) = record.kind, run.status == .failed || run.status == .killed else { continue }
      if let code = run.exitCode, code != 0 { return .exit }
      if run.signal != nil { return .signal }
    }
    return .unknown
  }

  /// The cause in words; nil if the message contains everything known.
  public var text: String? {
    switch self {
    case .outOfMemory: "the kernel killed a process at the memory limit"
    case .disk: "the sandbox reached its disk limit"
    case .health: "health checks failed too often"
    case .neverStarted: "no process was started: the artifact or the sandbox could not be prepared"
    case .exit: "a process ended with an exit code"
    case .signal: "a signal ended a process"
    case .lost: "the executor is gone without a record"
    case .stopped: "the task was asked to end"
    case .finished: "the task finished"
    case .alive: "the task has not ended"
    case .unknown: nil
    }
  }
}

extension TaskAccount.Usage {
  /// The last samples of a checkpoint with the processor cores between them, oldest first.
  public static func last(_ count: Int, of checkpoint: Checkpoint) -> [TaskAccount.Usage] {
    let samples = checkpoint.records.compactMap { record -> (time: Timestamp, sample: ResourceSample)? in
      if case .resources(let sample) = record.kind { (record.time, sample) } else { nil }
    }
    let all = samples.enumerated().map { index, entry -> TaskAccount.Usage in
      var cores: Double?
      if index > 0 {
        let elapsed = (entry.time - samples[index - 1].time).milliseconds
        let used = (entry.sample.cpuTime - samples[index - 1].sample.cpuTime).milliseconds
        if elapsed > 0, used >= 0 { cores = Double(used) / Double(elapsed) }
      }
      return TaskAccount.Usage(time: entry.time, cores: cores, sample: entry.sample)
    }
    return all.suffix(count)
  }
}

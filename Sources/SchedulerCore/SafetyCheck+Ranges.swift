import JobModel

// Numbers that no job needs, and with which the scheduler's own sums would pass their range.
extension SafetyCheck {
  /// The longest time that a job can name: deadlines are sums of products of such times and of counts.
  static let longestTime = Duration.seconds(366 * 86_400)
  static let largestCount = 1_000_000
  /// Bytes: a pebibyte.
  static let largestSize = 1 << 50

  /// Every number of a job that is beyond its range.
  func rangeProblems(_ job: JobConfiguration) -> [ConfigurationProblem] {
    var problems: [ConfigurationProblem] = []
    func refuse(_ name: String, _ value: String, _ limit: String) {
      problems.append(ConfigurationProblem("\(name) is \(value); it is at most \(limit)"))
    }
    // Each field's own rule, or this one, covers other values that must not be negative.
    func time(_ name: String, _ value: Duration?, from first: Duration? = nil) {
      guard let value else { return }
      if value > Self.longestTime { refuse(name, "\(value.milliseconds / 1000) s", "366 days") }
      if let first, value < first { problems.append(ConfigurationProblem("\(name) is negative")) }
    }
    func count(_ name: String, _ value: Int, from first: Int? = nil) {
      if value > Self.largestCount { refuse(name, "\(value)", "\(Self.largestCount)") }
      if let first, value < first { problems.append(ConfigurationProblem("\(name) is less than \(first)")) }
    }
    func size(_ name: String, _ value: Int, from first: Int? = nil) {
      if value > Self.largestSize { refuse(name, "\(value) bytes", "\(Self.largestSize)") }
      if let first, value < first { problems.append(ConfigurationProblem("\(name) is less than \(first)")) }
    }
    let (task, update) = (job.task, job.update)
    size("its RAM", task.resources.ram)
    size("its disk", task.resources.disk)
    count("its CPU in thousandths", task.resources.milliCPU)
    count("its process limit", task.resources.processes)
    count("its priority", job.priority, from: -Self.largestCount)
    count("its failure limit", job.maxTaskFailures)
    count("the failure limit of its task", task.maxFailures, from: 0)
    count("the number of processes at a time", task.maxConcurrency, from: 0)
    time("its finalization wait", task.finalizationWait)
    time("its drain time", job.drain, from: .zero)
    time("the delay of its partition policy", job.partitionPolicy?.delay, from: .zero)
    for process in task.processes {
      count("the failure limit of process \"\(process.name)\"", process.maxFailures)
      time("the shortest run of process \"\(process.name)\"", process.minDuration)
      guard let logger = process.logger else { continue }
      size("the log size of process \"\(process.name)\"", logger.logSize, from: 0)
      count("the number of logs of process \"\(process.name)\"", logger.backups, from: 0)
    }
    time("the watch time of its update", update.watch)
    time("the pulse interval of its update", update.pulseInterval)
    count("the failures of an instance in its update", update.maxPerInstanceFailures)
    count("the failures of its update", update.maxTotalFailures)
    for size in update.strategy.sizes { count("a batch size of its update", size) }
    switch job.slaPolicy {
    case .count(let number, let duration):
      count("the count of its SLA policy", number)
      time("the duration of its SLA policy", duration)
    case .percentage(_, let duration): time("the duration of its SLA policy", duration)
    case .coordinator, nil: break
    }
    if let check = job.healthCheck {
      for (name, value) in [
        ("interval", check.interval), ("timeout", check.timeout), ("initial interval", check.initialInterval),
      ] { time("the \(name) of its health check", value) }
      count("the failures of its health check", check.maxConsecutiveFailures)
      count("the successes of its health check", check.minConsecutiveSuccesses)
      if case .logSilence(let silence) = check.checker { time("the limit of its health check", silence.limit) }
    }
    time("the graceful shutdown wait of its lifecycle", job.lifecycle?.gracefulShutdownWait, from: .zero)
    time("the shutdown wait of its lifecycle", job.lifecycle?.shutdownWait, from: .zero)
    for alert in job.alerts { time("the period of an alert", alert.period) }
    return problems
  }
}

extension UpdateStrategy {
  /// The sizes that its batches have.
  fileprivate var sizes: [Int] {
    switch self {
    case .queue(let size), .batch(let size, _): [size]
    case .variableBatch(let sizes, _): sizes
    }
  }
}

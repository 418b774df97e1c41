public import JobModel

/// Something about a configuration for which it is refused.
public struct ConfigurationProblem: Sendable, Hashable {
  public var summary: String
  public var code: RefusalCode
  public var remedy: String?

  public init(_ summary: String, code: RefusalCode = .invalid, remedy: String? = nil) {
    self.summary = summary
    self.code = code
    self.remedy = remedy
  }
}

/// The checks of the scheduler before it accepts a configuration. The client has checked it too; this check does not
/// trust it.
public struct SafetyCheck: Sendable {
  var policy: SchedulerPolicy
  var zones: TimeZones

  public init(policy: SchedulerPolicy = SchedulerPolicy(), zones: TimeZones = .none) {
    self.policy = policy
    self.zones = zones
  }

  /// Everything that is wrong, in a fixed order; empty for a sound configuration.
  public func problems(of job: JobConfiguration) -> [ConfigurationProblem] {
    keyProblems(job) + shapeProblems(job) + rangeProblems(job) + machineProblems(job) + processProblems(job.task)
      + artifactProblems(job)
      + portProblems(job)
  }

  private func keyProblems(_ job: JobConfiguration) -> [ConfigurationProblem] {
    var problems: [ConfigurationProblem] = []
    if let problem = job.key.problem { problems.append(ConfigurationProblem("\(problem)", code: .badKey)) }
    if let user = job.task.user, user != job.key.role {
      problems.append(
        ConfigurationProblem(
          "its task runs as \"\(user)\", but its role is \"\(job.key.role)\"", code: .roleMismatch,
          remedy: "name the user once, as `user:` in the job file"))
    }
    return problems
  }

  private func shapeProblems(_ job: JobConfiguration) -> [ConfigurationProblem] {
    var problems: [ConfigurationProblem] = []
    func require(_ isSound: Bool, _ summary: String) {
      if !isSound { problems.append(ConfigurationProblem(summary)) }
    }
    let resources = job.task.resources
    require((1...policy.maximumInstances).contains(job.instances), "it asks for \(job.instances) instances")
    require(resources.milliCPU > 0, "its CPU is not positive")
    require(resources.ram > 0, "its RAM is not positive")
    require(resources.disk > 0, "its disk is not positive")
    require(resources.processes > 0, "its process limit is not positive")
    require(job.update.strategy.isValid, "its update batch size is not positive")
    require(job.update.maxPerInstanceFailures >= 0 && job.update.maxTotalFailures >= 0, "an update limit is negative")
    require(job.update.watch >= .zero, "its update watch time is negative")
    require(job.maxTaskFailures == -1 || job.maxTaskFailures > 0, "its failure limit is neither -1 nor positive")
    require(job.task.finalizationWait >= .zero, "its finalization wait is negative")
    require(job.update.pulseInterval.map { $0 > .zero } ?? true, "the pulse interval of its update is not positive")
    switch job.slaPolicy {
    case .count(let count, let duration):
      require(count >= 0 && duration >= .zero, "the count or duration of its SLA policy is negative")
    case .percentage(let share, let duration):
      require((0...100).contains(share), "the share of its SLA policy is not 0 to 100")
      require(duration >= .zero, "the duration of its SLA policy is negative")
    case .coordinator, nil: break
    }
    if let check = job.healthCheck {
      require(check.interval > .zero && check.timeout > .zero, "a health check time is not positive")
      require(check.initialInterval >= .zero, "its initial health check interval is negative")
      require(
        check.maxConsecutiveFailures >= 0 && check.minConsecutiveSuccesses >= 1, "a health check count is out of range")
    }
    if let cron = job.cron {
      require(!job.isService, "it is a service with a cron schedule; it can be only one of them")
      do {
        _ = try CronSchedule(cron, zones: zones)
      } catch {
        problems.append(
          ConfigurationProblem(
            "its schedule \"\(cron.schedule)\" is invalid: \(error.description)",
            remedy: "write five crontab fields or @daily, and a zone such as UTC, Europe/Berlin or +02:00"))
      }
    }
    return problems
  }

  private func processProblems(_ task: TaskConfiguration) -> [ConfigurationProblem] {
    var problems: [ConfigurationProblem] = []
    if task.processes.isEmpty { problems.append(ConfigurationProblem("its task has no process")) }
    var finals: [String: Bool] = [:]
    for process in task.processes {
      if !JobKey.isIdentifier(process.name) {
        problems.append(ConfigurationProblem("process name \"\(process.name)\" is not a file name"))
      }
      if finals.updateValue(process.final, forKey: process.name) != nil {
        problems.append(ConfigurationProblem("process \"\(process.name)\" is defined twice", code: .badNames))
      }
      if process.cmdline.isEmpty {
        problems.append(ConfigurationProblem("process \"\(process.name)\" has no command line"))
      }
      if process.maxFailures < 0 || process.minDuration < .zero {
        problems.append(ConfigurationProblem("process \"\(process.name)\" has a negative limit"))
      }
    }
    var successors: [String: Set<String>] = [:]
    for constraint in task.constraints {
      for name in constraint.order where finals[name] == nil {
        problems.append(ConfigurationProblem("an order names process \"\(name)\", which the task does not have"))
      }
      for (first, second) in zip(constraint.order, constraint.order.dropFirst()) {
        successors[first, default: []].insert(second)
        if let one = finals[first], let other = finals[second], one != other {
          problems.append(
            ConfigurationProblem("an order connects \"\(first)\" and \"\(second)\", but only one of them is final"))
        }
      }
    }
    if let name = cycle(successors) {
      problems.append(ConfigurationProblem("the orders of its processes form a cycle through \"\(name)\""))
    }
    return problems
  }

  /// A process that must wait for itself, or nil.
  private func cycle(_ successors: [String: Set<String>]) -> String? {
    var remaining = successors
    // Remove nodes without successors until none is left.
    while true {
      let removable = remaining.filter { $0.value.allSatisfy { remaining[$0] == nil } }.keys
      if removable.isEmpty { return remaining.keys.min() }
      for name in removable { remaining[name] = nil }
    }
  }

  private func artifactProblems(_ job: JobConfiguration) -> [ConfigurationProblem] {
    var problems: [ConfigurationProblem] = []
    for artifact in job.task.artifacts {
      if !JobKey.isIdentifier(artifact.name) {
        problems.append(ConfigurationProblem("artifact name \"\(artifact.name)\" is not a file name"))
      }
      if artifact.hashType == .git, !isHexadecimal(artifact.version, digits: [40, 64]) {
        problems.append(
          ConfigurationProblem(
            "artifact \"\(artifact.name)\" does not name a full git commit (\"\(artifact.version)\")",
            code: .commitMissing,
            remedy: "name the commit as `githash:` in the job file"))
      }
      if artifact.version.isEmpty {
        problems.append(
          ConfigurationProblem("artifact \"\(artifact.name)\" does not name a version", code: .commitMissing))
      }
      if !isHexadecimal(artifact.digest ?? "", digits: [64]) {
        problems.append(
          ConfigurationProblem(
            "artifact \"\(artifact.name)\" has no digest: it was not found in the artifact repository",
            code: .digestMissing,
            remedy: "publish it with `kilt publish`"))
      }
    }
    return problems
  }

  private func isHexadecimal(_ text: String, digits: Set<Int>) -> Bool {
    digits.contains(text.utf8.count) && text.allSatisfy { $0.isHexDigit && !$0.isUppercase }
  }

  private func portProblems(_ job: JobConfiguration) -> [ConfigurationProblem] {
    var problems = job.unboundVariables.map { ConfigurationProblem("variable {{\($0)}} is unbound", code: .unbound) }
    let ports = Set(job.requiredPorts)
    var named: [(String, String)] = []
    switch job.healthCheck?.checker {
    case .http(let http) where http.base == nil: named.append(("its health check", http.port))
    case .tcp(let port): named.append(("its health check", port))
    case .http, .shell, .logSilence, nil: break
    }
    if let announce = job.announce {
      named.append(("its announcer", announce.primaryPort))
      for (_, target) in announce.portmap.sorted(by: { $0.key < $1.key }) {
        if case .alias(let port) = target { named.append(("its port map", port)) }
      }
    }
    for (what, port) in named where !ports.contains(port) {
      problems.append(
        ConfigurationProblem(
          "\(what) names port \"\(port)\", which no process uses", code: .badNames,
          remedy: "use {{thermos.ports[\(port)]}} in a command line"))
    }
    return problems
  }
}

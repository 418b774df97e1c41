public import JobModel

/// An alerting rule of Prometheus for a condition of a job.
public struct AlertingRule: Sendable, Hashable {
  /// The name of the alert.
  public var name: String
  /// The measured value: it has data while the job has an instance.
  public var value: String
  /// The comparison that triggers the alert, such as `> 0.9`.
  public var comparison: String
  /// The time for which it must be true.
  public var period: Duration
  public var severity: AlertRule.Severity
  public var summary: String
  public var description: String

  public var expression: String { "\(value) \(comparison)" }
}

extension AlertingRule {
  /// The rules of a job: its file's, and defaults for conditions that the file does not mention.
  public static func rules(of configuration: JobConfiguration) -> [AlertingRule] {
    AlertRule.Condition.allCases.compactMap { condition in
      let rule = configuration.alerts.first { $0.condition == condition } ?? AlertRule(condition)
      if !rule.isEnabled { return nil }
      // Without a health check, or without a limit, the condition has no meaning.
      let limits = configuration.task.resources
      switch condition {
      case .unhealthy where configuration.healthCheck == nil, .cpu where limits.milliCPU <= 0,
        .memory where limits.ram <= 0, .disk where limits.disk <= 0:
        return nil
      default: return AlertingRule(rule, of: configuration.key)
      }
    }
  }

  private init(_ rule: AlertRule, of key: JobKey) {
    let jobs = MetricSelector(key)
    let share = rule.threshold ?? 0.9
    let percent = "\(Int((share * 100).rounded()))%"
    let instance = "instance {{ $labels.instance }} of \(key)"
    func part(_ used: String, of limit: String) -> String { "\(used)\(jobs) / \(limit)\(jobs)" }
    self.init(
      name: Self.name(of: rule.condition), value: "", comparison: "", period: rule.period ?? .zero,
      severity: rule.severity, summary: "", description: "")
    switch rule.condition {
    case .flapping:
      value = "increase(\(MetricName.restarts)\(jobs)[30m])"
      comparison = "> 2"
      summary = "\(instance) restarts again and again"
    case .unhealthy:
      value = "\(MetricName.healthy)\(jobs)"
      comparison = "== 0"
      period = rule.period ?? .seconds(300)
      summary = "\(instance) fails its health checks"
    case .missing:
      value = "\(MetricName.wanted)\(jobs) - \(MetricName.instancesRunning)\(jobs)"
      comparison = "> 0"
      period = rule.period ?? .seconds(600)
      summary = "{{ $value }} instances of \(key) do not run"
    case .cpu:
      value = "rate(\(MetricName.cpuSeconds)\(jobs)[5m]) / \(MetricName.cpuLimit)\(jobs)"
      comparison = "> \(share)"
      period = rule.period ?? .seconds(900)
      summary = "\(instance) uses more than \(percent) of its CPU limit"
    case .memory:
      value = part(MetricName.memory, of: MetricName.memoryLimit)
      comparison = "> \(share)"
      period = rule.period ?? .seconds(300)
      summary = "\(instance) uses more than \(percent) of its memory limit"
    case .disk:
      value = part(MetricName.disk, of: MetricName.diskLimit)
      comparison = "> \(share)"
      period = rule.period ?? .seconds(300)
      summary = "\(instance) uses more than \(percent) of its disk limit"
    case .updateStuck:
      let seconds = (rule.period ?? .seconds(1800)).milliseconds / 1000
      value = "(time() - \(MetricName.updateChangeTime)\(jobs)) * \(MetricName.updateActive)\(jobs)"
      comparison = "> \(seconds)"
      period = .zero
      summary = "the update of \(key) has made no progress for {{ $value | humanizeDuration }}"
    case .quota:
      let quotas = MetricSelector([("cluster", key.cluster), ("role", key.role)]).and("stage=~\"|\(key.stage)\"")
      // Of the role's quota and the stage's, the fuller one: both would be the same alert.
      value = "max by (cluster, role, resource) (\(MetricName.quotaUsed)\(quotas) / \(MetricName.quotaLimit)\(quotas))"
      comparison = "> \(share)"
      period = rule.period ?? .seconds(900)
      summary = "jobs of role \(key.role) ask for more than \(percent) of its quota of {{ $labels.resource }}"
    }
    description = Self.description(of: rule.condition, key)
  }

  /// `KiltMemory`, `KiltUpdateStuck`.
  private static func name(of condition: AlertRule.Condition) -> String {
    "Kilt" + condition.rawValue.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }

  /// The command that says more.
  private static func description(of condition: AlertRule.Condition, _ key: JobKey) -> String {
    switch condition {
    case .updateStuck: "run: kilt update status \(key)"
    case .quota: "run: kilt quota get \(key.role)"
    case .missing: "run: kilt job why \(key)"
    default: "run: kilt job why \(key) --instance {{ $labels.instance }}"
    }
  }
}

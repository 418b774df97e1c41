import Diagnostics
import JobModel
import Starlark

/// Builds a job configuration from a template's job object: defaults as in Aurora, early variables bound, everything
/// checked.
struct JobBuilder {
  let job: BoundObject
  let problems: Problems
  var context: BuildingContext { problems.context }
  /// The values that the job file fixes; nil for an Aurora file.
  var settings: StageSettings? { context.settings }

  /// The configuration of an object of a template whose evaluation had these problems.
  static func build(
    _ object: TemplateObject, _ context: BuildingContext, after earlier: [Diagnostic] = []
  ) throws -> JobConfiguration {
    let problems = Problems(context, earlier)
    let configuration = try attempt(object, problems)
    try problems.check()
    return configuration
  }

  /// The configuration as far as possible; problems go into `problems`.
  static func attempt(_ object: TemplateObject, _ problems: Problems) throws -> JobConfiguration {
    let scope = ScopeChain(names: problems.context.variables)
    let plain = JobBuilder(job: BoundObject(object, in: scope, problems: problems), problems: problems)
    // Aurora resolves aliases of ports before it reads the processes: they are one port, not two.
    let builder = JobBuilder(job: plain.job.adding(plain.portAliases()), problems: problems)
    return try builder.configuration()
  }

  private func configuration() throws -> JobConfiguration {
    let key = key()
    let task = try task()
    var configuration = JobConfiguration(
      key: key, contact: job.string("contact") ?? settings?.contact, isService: job.boolean("service") ?? false,
      cron: cron(), instances: instances(), task: task, update: update(), announce: announcer(),
      priority: job.integer("priority") ?? integer(.priority) ?? 0, tier: tier(),
      maxTaskFailures: job.integer("max_task_failures") ?? integer(.maxTaskFailures) ?? 1, metadata: metadata())
    configuration.healthCheck = healthCheck(announcer: configuration.announce)
    configuration.lifecycle = lifecycle()
    policies(&configuration)
    if case .http(let http)? = configuration.healthCheck?.checker, !job.has("health_check_config"),
      !configuration.requiredPorts.contains(http.port)
    {
      // Aurora's default checker is in force only where a port of that name is used.
      configuration.healthCheck = nil
    }
    if !job.has("lifecycle"), settings?.sections[.lifecycle] == nil, let lifecycle = configuration.lifecycle,
      !configuration.requiredPorts.contains(lifecycle.port)
    {
      configuration.lifecycle = nil
    }
    apply(to: &configuration)
    JobChecks(builder: self, configuration: configuration).run()
    return configuration
  }

  /// The job's key. Values of the template must agree with the file: a copy of a template under another role or stage
  /// would run a job that nobody requested.
  private func key() -> JobKey {
    guard let settings else { return ownKey() }
    let fixed = [("role", settings.role), ("cluster", settings.cluster ?? ""), ("environment", settings.stage)]
    for (field, value) in fixed {
      guard let written = job.string(field), written != value else { continue }
      let source = field == "environment" ? "--stage" : "\"\(settings.path)\""
      job.problem(
        "the template says \(field) \"\(written)\", and \(source) says \"\(value)\"",
        remedies: ["leave \(field) out of the template"])
    }
    let key = JobKey(
      cluster: settings.cluster ?? "", role: settings.role, stage: settings.stage,
      name: job.string("name") ?? settings.name)
    if let problem = key.problem { job.problem("the job's key is not usable: \(problem)") }
    return key
  }

  /// The key of a job whose file says all of it.
  private func ownKey() -> JobKey {
    var parts: [String: String] = [:]
    for field in ["cluster", "role", "environment"] {
      guard let value = job.string(field) else {
        job.problem("the job has no \(field)", remedies: ["add \(field) = \"NAME\" to the job"])
        continue
      }
      parts[field] = value
    }
    let key = JobKey(
      cluster: parts["cluster"] ?? "", role: parts["role"] ?? "", stage: parts["environment"] ?? "",
      name: job.object.value("name").map { job.text($0, "name") } ?? "")
    if parts.count == 3, let problem = key.problem { job.problem("the job's key is not usable: \(problem)") }
    return key
  }

  func integer(_ key: ConfigKey) -> Int? {
    if case .integer(let number)? = settings?.config(key) { number } else { nil }
  }

  private func instances() -> Int {
    let instances = job.integer("instances") ?? integer(.instances) ?? 1
    if !(1...4000).contains(instances) { job.problem("a job has 1 to 4000 instances, not \(instances)") }
    return instances
  }

  private func tier() -> Tier {
    if let tier = job.choice("tier", Tier.self) { return tier }
    if let production = job.boolean("production") { return production ? .preferred : .preemptible }
    if case .text(let text)? = settings?.config(.tier), let tier = Tier(rawValue: text) { return tier }
    return .preemptible
  }

  private func cron() -> CronConfiguration? {
    guard let schedule = job.string("cron_schedule") else { return nil }
    if job.boolean("service") == true {
      job.problem("a service runs all the time: it has no cron_schedule", remedies: ["write Job instead of Service"])
    }
    return CronConfiguration(
      schedule: schedule, timeZone: job.string("cron_timezone") ?? "UTC",
      collisionPolicy: job.choice("cron_collision_policy", CronConfiguration.CollisionPolicy.self) ?? .killExisting)
  }

  private func metadata() -> [String: String] {
    var metadata: [String: String] = [:]
    for entry in job.children("metadata") {
      guard let key = entry.string("key") else {
        entry.problem("a metadata entry has a key")
        continue
      }
      if metadata.updateValue(entry.string("value") ?? "", forKey: key) != nil {
        entry.problem("two metadata entries have the key \"\(key)\"")
      }
    }
    return metadata
  }
}

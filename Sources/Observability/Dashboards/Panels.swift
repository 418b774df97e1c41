/// The panels of dashboards.
enum Panels {
  typealias Query = Panel.Query

  private static func rate(_ metric: String, _ selector: MetricSelector) -> String {
    "rate(\(metric)\(selector)[$__rate_interval])"
  }

  /// Of one job, by instance.
  static func job(_ jobs: MetricSelector) -> [Panel] {
    let instance = "{{instance}}"
    func limit(_ metric: String) -> Query { Query(expression: "max(\(metric)\(jobs))", legend: "limit", isLimit: true) }
    func by(_ label: String, _ expression: String) -> String { "max by (\(label)) (\(expression))" }
    return [
      Panel(
        "CPU against the limit", .cores, "Processor cores that each instance uses.",
        [
          Query(expression: by("instance", rate(MetricName.cpuSeconds, jobs)), legend: instance),
          limit(MetricName.cpuLimit),
        ]),
      Panel(
        "Held up by the CPU limit", .share, "The share of time in which the limit held processes up.",
        [Query(expression: by("instance", rate(MetricName.throttledSeconds, jobs)), legend: instance)]),
      Panel(
        "Memory against the limit", .bytes, "Memory of each instance's processes, without file cache.",
        [
          Query(expression: by("instance", "\(MetricName.memory)\(jobs)"), legend: instance),
          limit(MetricName.memoryLimit),
        ]),
      Panel(
        "Memory high-water mark", .bytes, "The most that each task has used at once, with file cache.",
        [Query(expression: by("instance", "\(MetricName.memoryHighWater)\(jobs)"), legend: instance)]),
      Panel(
        "Restarts", .none, "Tasks that took the place of another one.",
        [
          Query(
            expression: "sum by (instance) (increase(\(MetricName.restarts)\(jobs)[$__rate_interval]))",
            legend: instance)
        ]),
      Panel(
        "State changes", .none, "How often tasks came into a state.",
        [
          Query(
            expression: "sum by (state) (increase(\(MetricName.stateChanges)\(jobs)[$__rate_interval]))",
            legend: "{{state}}")
        ]),
      Panel(
        "Instances", .none, "Instances that should run, and those that do.",
        [
          Query(expression: "max(\(MetricName.wanted)\(jobs))", legend: "wanted", isLimit: true),
          Query(expression: "max(\(MetricName.instancesRunning)\(jobs))", legend: "running"),
        ]),
      Panel(
        "Health", .none, "1 where the last health check succeeded. Empty for a job without health checks.",
        [Query(expression: by("instance", "\(MetricName.healthy)\(jobs)"), legend: instance)]),
      Panel(
        "Disk against the limit", .bytes, "Sandbox and logs of each instance.",
        [
          Query(expression: by("instance", "\(MetricName.disk)\(jobs)"), legend: instance),
          limit(MetricName.diskLimit),
        ]),
      Panel(
        "Processes and threads", .none, "Of each instance.",
        [
          Query(expression: by("instance", "\(MetricName.processes)\(jobs)"), legend: instance),
          limit(MetricName.processLimit),
        ]),
      Panel(
        "Update", .none, "Instances of the last update by phase. Empty for a job that was never updated.",
        [Query(expression: by("phase", "\(MetricName.updateInstances)\(jobs)"), legend: "{{phase}}")]),
      Panel(
        "Waits", .seconds, "Median times of tasks from pending.",
        [
          Query(expression: "max(\(MetricName.timeToAssigned)\(jobs))", legend: "to assigned"),
          Query(expression: "max(\(MetricName.timeToRunning)\(jobs))", legend: "to running"),
        ]),
    ]
  }

  /// Of several jobs, by job.
  static func jobs(_ selector: MetricSelector) -> [Panel] {
    let labels = "role, stage, job"
    let legend = "{{role}}/{{stage}}/{{job}}"
    func sum(_ expression: String) -> String { "sum by (\(labels)) (\(expression))" }
    func worst(_ used: String, _ limit: String) -> String { "max by (\(labels)) (\(used) / \(limit)\(selector))" }
    return [
      Panel(
        "CPU", .cores, "Processor cores by job.",
        [Query(expression: sum(rate(MetricName.cpuSeconds, selector)), legend: legend)]),
      Panel(
        "Memory", .bytes, "Memory by job.",
        [Query(expression: sum("\(MetricName.memory)\(selector)"), legend: legend)]),
      Panel(
        "Nearest to the memory limit", .share, "The fullest instance of each job.",
        [Query(expression: worst("\(MetricName.memory)\(selector)", MetricName.memoryLimit), legend: legend)]),
      Panel(
        "Nearest to the CPU limit", .share, "The busiest instance of each job.",
        [Query(expression: worst(rate(MetricName.cpuSeconds, selector), MetricName.cpuLimit), legend: legend)]),
      Panel(
        "Missing instances", .none, "Instances that should run and do not.",
        [
          Query(
            expression: sum("\(MetricName.wanted)\(selector) - \(MetricName.instancesRunning)\(selector)"),
            legend: legend)
        ]),
      Panel(
        "Failures", .none, "Tasks that failed or were lost.",
        [
          Query(
            expression: sum("increase(\(MetricName.jobFailures)\(selector)[$__rate_interval])"), legend: legend)
        ]),
      Panel(
        "Updates in progress", .none, "1 while a job is being updated.",
        [Query(expression: "max by (\(labels)) (\(MetricName.updateActive)\(selector))", legend: legend)]),
    ]
  }

  static func quota(_ selector: MetricSelector) -> [Panel] {
    [
      Panel(
        "Quota", .share, "The share of the role's quota that its jobs ask for. Empty without a quota.",
        [
          Query(
            expression:
              "\(MetricName.quotaUsed)\(selector) / \(MetricName.quotaLimit)\(selector)",
            legend: "{{resource}} {{stage}}")
        ])
    ]
  }

  static func host(_ selector: MetricSelector) -> [Panel] {
    func panel(_ title: String, _ unit: Panel.Unit, _ given: String, _ total: String) -> Panel {
      Panel(
        title, unit, "What tasks were given of the host.",
        [
          Query(expression: "\(given)\(selector)", legend: "given to tasks"),
          Query(expression: "\(total)\(selector)", legend: "for tasks", isLimit: true),
        ])
    }
    return [
      panel("Processors of the host", .cores, MetricName.hostCPUAllotted, MetricName.hostCPU),
      panel("Memory of the host", .bytes, MetricName.hostMemoryAllotted, MetricName.hostMemory),
      panel("Disk of the host", .bytes, MetricName.hostDiskAllotted, MetricName.hostDisk),
    ]
  }

  static func scheduler() -> [Panel] {
    [
      Panel(
        "Tasks", .none, "Remembered tasks by state.",
        [Query(expression: "sum by (state) (\(MetricName.tasks)) > 0", legend: "{{state}}")]),
      Panel(
        "Queue of the scheduler", .none, "Reports that wait to be stored, and tasks that wait for a place.",
        [
          Query(expression: MetricName.queue, legend: "reports"),
          Query(expression: MetricName.waiting, legend: "tasks"),
        ]),
      Panel(
        "Events of the scheduler", .perSecond, "Recorded events.",
        [Query(expression: "sum by (kind) (rate(\(MetricName.events)[$__rate_interval]))", legend: "{{kind}}")]),
      Panel(
        "Store latency", .seconds, "Time of a transaction: the mean, and what 99% stay below.",
        [
          Query(
            expression:
              "rate(\(MetricName.storeSeconds)_sum[$__rate_interval]) / rate(\(MetricName.storeSeconds)_count[$__rate_interval])",
            legend: "mean"),
          Query(
            expression:
              "histogram_quantile(0.99, sum by (le) (rate(\(MetricName.storeSeconds)_bucket[$__rate_interval])))",
            legend: "99%"),
        ]),
    ]
  }

  /// Of a service that counts its requests with the library `metrics`.
  static func requests(_ jobs: MetricSelector) -> [Panel] {
    [
      Panel(
        "Requests", .perSecond, "Requests by status.",
        [
          Query(
            expression: "sum by (code) (rate(http_requests_total\(jobs)[$__rate_interval]))", legend: "{{code}}")
        ]),
      Panel(
        "Request times", .seconds, "What half and 99% of the requests stay below.",
        ["0.5", "0.99"].map { quantile in
          Query(
            expression:
              "histogram_quantile(\(quantile), sum by (le) (rate(http_request_duration_seconds_bucket\(jobs)[$__rate_interval])))",
            legend: quantile == "0.5" ? "50%" : "99%")
        }),
    ]
  }

  /// Of a JVM whose metrics come from Prometheus' Java agent.
  static func jvm(_ jobs: MetricSelector) -> [Panel] {
    let instance = "{{instance}}"
    return [
      Panel(
        "Java heap", .bytes, "Heap in use, and the most that it can grow to.",
        [
          Query(
            expression: "max by (instance) (jvm_memory_used_bytes\(jobs.and("area=\"heap\"")))", legend: instance),
          Query(
            expression: "max(jvm_memory_max_bytes\(jobs.and("area=\"heap\"")))", legend: "limit", isLimit: true),
        ]),
      Panel(
        "Garbage collection", .share, "The share of time in collections.",
        [
          Query(
            expression: "sum by (instance) (rate(jvm_gc_collection_seconds_sum\(jobs)[$__rate_interval]))",
            legend: instance)
        ]),
      Panel(
        "Java threads", .none, "Threads of each instance.",
        [Query(expression: "max by (instance) (jvm_threads_current\(jobs))", legend: instance)]),
    ]
  }
}

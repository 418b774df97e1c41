internal import Artifacts
internal import JSON
internal import JobModel
internal import Observability
internal import SchedulerCore
internal import SchedulerStore

// The data for monitoring, and descriptions of the cluster.
extension HostScheduler {
  /// All metrics of the cluster, the host and the scheduler.
  func metricFamilies() -> [MetricFamily] {
    let state = store.state
    let now = schedulerTime()
    counters.prune(state)
    var tasks = TaskMetrics()
    for task in state.activeTasks {
      let series = ActivityCounters.Series(instance: task.instanceKey, release: task.revision)
      tasks.add(task, resourceSamples[task.id], counters.changes[series] ?? [:])
    }
    var jobs = JobMetrics()
    for job in state.jobs.values.sorted(by: { $0.key < $1.key }) { jobs.add(job, state, counters, at: now) }
    var byState = MetricFamily(MetricName.tasks, .gauge, "Remembered tasks by state.")
    let counts = Dictionary(state.tasks.values.map { ($0.status, 1) }, uniquingKeysWith: +)
    for status in TaskStatus.allCases {
      byState.add(Double(counts[status] ?? 0), MetricLabels([("state", status.rawValue)]))
    }
    let waiting = (counts[.pending] ?? 0) + (counts[.throttled] ?? 0)
    return [.single(MetricName.jobs, .gauge, "Jobs of the cluster.", Double(state.jobs.count)), byState]
      + tasks.families + jobs.families
      + PipelineMetrics(state.pipelines.values, ended: counters.runs, store: sharing).families
      + SchedulerMetrics.quotas(state, cluster: options.cluster)
      + SchedulerMetrics.host(state, options)
      + SchedulerMetrics.store(counters, queue: backlog.count, waiting: waiting, options)
      + SchedulerMetrics.webhooks(counters, options.monitoring.webhooks)
      + (options.monitoring.logs == nil ? [] : SchedulerMetrics.archive(archiving))
      + SchedulerMetrics.process(startedAt: startedAt)
  }

  /// In Prometheus' text format. The text is built outside the actor, because it can have megabytes.
  nonisolated func metrics() async -> [UInt8] { PrometheusText.render(await metricFamilies()) }

  var clusterDescription: JSONValue {
    [
      "name": .string(options.cluster), "platform": .string(ArtifactPlatform.current.text),
      "repository": options.repository.map { .string($0) } ?? .null,
      "log_archive": options.monitoring.logs.map { .string($0.archive) } ?? .null,
    ]
  }
}

internal import JobModel
internal import Observability
internal import Pipelines
internal import SchedulerCore

/// The metrics of pipelines: their runs by state, and how far the runs in progress are.
struct PipelineMetrics {
  private var runs = MetricFamily(
    "kilt_pipeline_runs", .gauge, "Remembered runs of a pipeline by state.")
  private var ended = MetricFamily(
    "kilt_pipeline_runs_ended_total", .counter, "Runs of a pipeline that ended since the scheduler started, by state.")
  private var partitions = MetricFamily(
    "kilt_pipeline_partitions", .gauge, "Partitions of the runs in progress of a pipeline by state.")
  private var lastSuccess = MetricFamily(
    "kilt_pipeline_last_success_timestamp_seconds", .gauge, "When the last run of a pipeline that succeeded ended.")
  private var store = MetricFamily(
    "kilt_pipeline_store_up", .gauge, "Whether pipeline runs can be written to the PostgreSQL of [pipelines].")

  init(
    _ records: some Collection<PipelineRecord>, ended counts: [String: [PipelineRun.Status: Int]],
    store sharing: RunSharing?
  ) {
    for (_, group) in Dictionary(grouping: records, by: \.pipelineKey).sorted(by: { $0.key < $1.key }) {
      guard let first = group.first else { continue }
      let labels = MetricLabels([
        ("cluster", first.cluster), ("role", first.run.definition.role), ("stage", first.stage),
        ("pipeline", first.run.definition.name),
      ])
      for status in PipelineRun.Status.allCases {
        let labels = labels.adding("state", status.rawValue)
        runs.add(Double(group.count { $0.run.status == status }), labels)
        if status.isTerminal { ended.add(Double(counts[first.pipelineKey]?[status] ?? 0), labels) }
      }
      let open = group.filter { !$0.run.status.isTerminal }.flatMap(\.run.steps).compactMap(\.partitions)
      for status in PartitionRun.Status.allCases {
        let count = open.reduce(0) { sum, partitions in sum + partitions.count { $0.status == status } }
        partitions.add(Double(count), labels.adding("state", status.rawValue))
      }
      let succeeded = group.filter { $0.run.status == .succeeded }.compactMap(\.run.endedAt).max()
      lastSuccess.add(succeeded.map(JobMetrics.seconds), labels)
    }
    if let sharing { store.add(sharing.problem == nil ? 1 : 0, MetricLabels([("cluster", sharing.cluster)])) }
  }

  var families: [MetricFamily] { [runs, ended, partitions, lastSuccess, store].filter { !$0.samples.isEmpty } }
}

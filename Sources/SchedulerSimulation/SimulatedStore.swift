import JobModel
import SchedulerCore

/// A disk with the scheduler's records: completely written transactions stay, whatever happens next.
struct SimulatedStore: Sendable {
  struct Failure: Error {
    var text: String
  }

  private var jobs: [JobKey: JobRecord] = [:]
  private var tasks: [TaskID: TaskRecord] = [:]
  private var updates: [UpdateID: JobUpdate] = [:]
  private var quotas: [QuotaKey: Resources] = [:]
  private var pipelines: [String: PipelineRecord] = [:]
  private var schedules: [String: ScheduledPipeline] = [:]
  private var summary: SchedulerState?
  var isFull = false
  var failures = 0
  /// How many transactions were written.
  private(set) var commits = 0

  mutating func commit(_ change: StateChange) throws(Failure) {
    if isFull { throw Failure(text: "disk full") }
    if failures > 0 {
      failures -= 1
      throw Failure(text: "input/output error")
    }
    commits += 1
    for id in change.changes.tasks { tasks[id] = change.after.tasks[id] }
    for key in change.changes.jobs { jobs[key] = change.after.record(of: key) }
    for id in change.changes.updates { updates[id] = change.after.updates[id] }
    for key in change.changes.quotas { quotas[key] = change.after.quotas[key] }
    for id in change.changes.pipelines.keys { pipelines[id] = change.after.pipelines[id] }
    for key in change.changes.schedules { schedules[key] = change.after.schedules[key] }
    summary = change.after
  }

  /// The state as it is read back: from the records that were written one by one, each through its stored form.
  func load() throws -> SchedulerState {
    guard let summary else { return SchedulerState() }
    return SchedulerState(
      jobs: try jobs.values.map { job in
        try JobRecord(
          json: job.jsonWithoutRevisions, revisions: try job.revisions.map { try JobRevision(json: $0.json) })
      },
      tasks: try tasks.values.map { try TaskRecord(json: $0.jsonWithoutConfiguration, configuration: $0.shared) },
      updates: try updates.values.map { try JobUpdate(json: $0.json) }, hosts: summary.hosts, drain: summary.drain,
      clock: summary.clock, quotas: quotas, pipelines: Array(pipelines.values),
      schedules: try schedules.values.map { try ScheduledPipeline(json: $0.json) }, nextSequence: summary.nextSequence,
      nextPort: summary.nextPort,
      time: summary.time,
      prunedAt: summary.prunedAt)
  }
}

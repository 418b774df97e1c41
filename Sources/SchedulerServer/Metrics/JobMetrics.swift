internal import JobModel
internal import Observability
internal import SchedulerCore

/// The metrics of jobs and of their updates.
struct JobMetrics {
  private var wanted = MetricFamily(MetricName.wanted, .gauge, "Instances that a job should have.")
  private var running = MetricFamily(MetricName.instancesRunning, .gauge, "Instances of a job that run.")
  private var failures = MetricFamily(
    MetricName.jobFailures, .counter, "Tasks of a job that failed or were lost since the scheduler started.")
  private var assigned = MetricFamily(
    MetricName.timeToAssigned, .gauge, "The median time of a job's tasks from pending to assigned.")
  private var started = MetricFamily(
    MetricName.timeToRunning, .gauge, "The median time of a job's tasks from pending to running.")
  private var released = MetricFamily(MetricName.releaseTime, .gauge, "When the release that a job is at was accepted.")
  private var active = MetricFamily(
    MetricName.updateActive, .gauge, "Whether an update of a job is in progress, paused ones included.")
  private var state = MetricFamily("kilt_update_state", .gauge, "The state of a job's last update: 1 for its state.")
  private var progress = MetricFamily(
    MetricName.updateInstances, .gauge, "Instances of a job's last update by the phase that they are in.")
  private var updateFailures = MetricFamily(
    MetricName.updateFailures, .gauge, "Failures of instances during a job's last update.")
  private var changed = MetricFamily(
    MetricName.updateChangeTime, .gauge, "When a job's last update came into its state, or an instance into its own.")
  private var ended = MetricFamily(
    MetricName.updates, .counter, "Updates of a job that have ended, by result, since the scheduler started.")

  /// Results that are reported from the beginning.
  private static let results: [UpdateStatus] = [.rolledForward, .rolledBack, .aborted, .failed]

  mutating func add(_ job: JobRecord, _ state: SchedulerState, _ counters: ActivityCounters, at time: Timestamp) {
    let configuration = job.configuration
    let labels = MetricLabels(
      job.key, release: job.current,
      commit: configuration?.task.artifacts.lazy.compactMap(\.commit).first)
    let tasks = state.activeTasks(of: job.key)
    wanted.add(Double(job.desired.count), labels)
    running.add(Double(tasks.count { $0.status == .running }), labels)
    failures.add(Double(counters.failures[job.key] ?? 0), labels)
    let sla = state.slaFigures(of: job.key, at: time)
    assigned.add(sla?.timeToAssigned.map(TaskMetrics.seconds), labels)
    started.add(sla?.timeToRunning.map(TaskMetrics.seconds), labels)
    released.add((job.revision(job.current)?.submittedAt).map(Self.seconds), labels)
    let counts = counters.updates[job.key] ?? [:]
    for status in UpdateStatus.allCases where status.isTerminal {
      guard let count = counts[status] ?? (Self.results.contains(status) ? 0 : nil) else { continue }
      ended.add(Double(count), labels.adding("result", status.rawValue))
    }
    let update = state.activeUpdate(of: job.key) ?? state.updates(of: job.key).first
    active.add(update.map { $0.status.isTerminal } == false ? 1 : 0, labels)
    guard let update else { return }
    self.state.add(1, labels.adding("state", update.status.rawValue))
    for phase in JobUpdate.Progress.Phase.allCases {
      progress.add(
        Double(update.instances.values.count { $0.phase == phase }), labels.adding("phase", phase.rawValue))
    }
    updateFailures.add(Double(update.instances.values.reduce(0) { $0 + $1.failures }), labels)
    let last = tasks.filter { update.instances[$0.instance] != nil }.map(\.since).max()
    changed.add(Self.seconds(max(update.since, last ?? update.since)), labels)
  }

  var families: [MetricFamily] {
    [wanted, running, failures, assigned, started, released, active, state, progress, updateFailures, changed, ended]
  }

  static func seconds(_ time: Timestamp) -> Double { Double(time.milliseconds) / 1000 }
}

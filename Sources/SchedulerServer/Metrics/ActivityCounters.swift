internal import JobModel
internal import Observability
internal import Pipelines
internal import SchedulerCore

/// The events since this scheduler started, counted for its metrics. A new process counts from zero, as readers of
/// counters expect.
struct ActivityCounters: Sendable {
  /// An instance while it runs one release: its labels.
  struct Series: Hashable, Sendable {
    var instance: InstanceKey
    var release: Int
  }

  /// State changes of tasks.
  private(set) var changes: [Series: [TaskStatus: Int]] = [:]
  /// Tasks that failed or were lost, by job.
  private(set) var failures: [JobKey: Int] = [:]
  /// Ends of updates.
  private(set) var updates: [JobKey: [UpdateStatus: Int]] = [:]
  /// Recorded events by kind.
  private(set) var events: [String: Int] = [:]
  /// Seconds that transactions took.
  private(set) var store = Histogram(bounds: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5])
  private(set) var storeFailures = 0
  /// Points that an OpenTSDB took, and that none did; nil when none is configured.
  private(set) var points: (sent: Int, dropped: Int)?

  /// - Parameter release: the release that the event's task runs.
  mutating func count(_ event: RecordedEvent, release: Int?) {
    switch event.subject {
    case .job: events["job", default: 0] += 1
    case .task(_, let instance, let status):
      events["task", default: 0] += 1
      if status == .failed || status == .lost { failures[event.job, default: 0] += 1 }
      guard let release else { return }
      let series = Series(instance: InstanceKey(job: event.job, instance: instance), release: release)
      changes[series, default: [:]][status, default: 0] += 1
    case .update(_, let status):
      events["update", default: 0] += 1
      if status.isTerminal { updates[event.job, default: [:]][status, default: 0] += 1 }
    case .updateInstance: events["update_instance", default: 0] += 1
    }
  }

  mutating func countTransaction(seconds: Double, failed: Bool) {
    store.observe(seconds)
    if failed { storeFailures += 1 }
  }

  /// The results of notices, by webhook.
  struct Deliveries: Sendable {
    var delivered = 0
    var failures = 0
    var dropped = 0
  }
  private(set) var webhooks: [String: Deliveries] = [:]
  /// Runs of pipelines that have ended, by pipeline and state.
  var runs: [String: [PipelineRun.Status: Int]] = [:]
  /// Notices that wait, by webhook.
  var webhookQueues: [String: Int] = [:]

  mutating func countWebhook(_ name: String, delivered: Int, failures: Int, dropped: Int) {
    webhooks[name, default: Deliveries()].delivered += delivered
    webhooks[name, default: Deliveries()].failures += failures
    webhooks[name, default: Deliveries()].dropped += dropped
  }

  mutating func countPoints(sent: Int, dropped: Int) {
    points = ((points?.sent ?? 0) + sent, (points?.dropped ?? 0) + dropped)
  }

  /// Forgets jobs and releases that no longer exist.
  mutating func prune(_ state: SchedulerState) {
    let known = Set(state.tasks.values.map { Series(instance: $0.instanceKey, release: $0.revision) })
    changes = changes.filter { known.contains($0.key) }
    failures = failures.filter { state.record(of: $0.key) != nil }
    updates = updates.filter { state.record(of: $0.key) != nil }
  }
}

internal import JobModel
internal import Observability
internal import SchedulerCore
internal import SchedulerStore

// The notices of webhooks: recorded events, and others.
extension HostScheduler {
  /// Notices that wait for the dispatcher at most.
  private static let waitingNotices = 1000

  /// Sends a notice about something that is not a recorded event.
  func notify(_ kind: Notice.Kind, _ key: JobKey?, instance: Int? = nil, user: String? = nil, _ message: String?) {
    guard !options.monitoring.webhooks.isEmpty, pendingNotices.count < Self.waitingNotices else { return }
    noticeNumber += 1
    let job = key.flatMap { store.state.record(of: $0) }
    pendingNotices.append(
      Notice(
        id: "\(startedAt.milliseconds)-\(noticeNumber)", kind: kind, time: Self.now(), key: key, instance: instance,
        release: job?.current, commit: job?.configuration?.task.artifacts.lazy.compactMap(\.commit).first, user: user,
        message: message, cluster: options.cluster, host: HostFacts.hostname))
  }

  /// Returns the notices without a recorded event.
  func takeNotices() -> [Notice] {
    defer { pendingNotices = [] }
    return pendingNotices
  }

  /// The notices of recorded events since one of them; none, and the newest event, if it is nil.
  func notices(after cursor: Int64?) throws -> (cursor: Int64, notices: [Notice]) {
    guard let cursor else { return (try store.newestEvent(), []) }
    let events = try store.events(after: cursor, limit: 500)
    return (events.last?.id ?? cursor, try events.compactMap { try notice(of: $0.event, number: $0.id) })
  }

  private func notice(of event: RecordedEvent, number: Int64) throws -> Notice? {
    var notice = Notice(
      id: "event-\(number)", kind: .taskFailed, time: event.time, key: event.job, user: event.user,
      message: event.message, cluster: options.cluster, host: HostFacts.hostname)
    let state = store.state
    switch event.subject {
    case .task(let task, let instance, let status):
      guard let kind = Notice.kind(of: status) else { return nil }
      notice.kind = kind
      notice.task = task
      notice.instance = instance
      notice.release = state.tasks[task]?.revision
    case .update(let update, let status):
      guard let kind = Notice.kind(of: status) else { return nil }
      // An update that continues after a pause had started before.
      if kind == .updateStarted, try !store.isFirst(event: number, of: event.job, update: update) { return nil }
      notice.kind = kind
      notice.update = update
      notice.release = state.updates[update]?.revision
    case .job, .updateInstance: return nil
    }
    notice.commit = notice.release.flatMap {
      state.record(of: event.job)?.revision($0)?.configuration.task.artifacts.lazy.compactMap(\.commit).first
    }
    return notice
  }

  // MARK: Metrics

  func countWebhook(_ name: String, delivered: Int = 0, failures: Int = 0, dropped: Int = 0) {
    counters.countWebhook(name, delivered: delivered, failures: failures, dropped: dropped)
  }

  func setWebhookQueues(_ queues: [String: Int]) { counters.webhookQueues = queues }
}

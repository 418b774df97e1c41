internal import Executor
internal import JobModel
internal import NIOPosix
internal import SchedulerCore
internal import SchedulerStore

// The ends of tasks, for the API and the pages. The thread pool reads the files of the tasks: the tasks themselves do
// not wait for the disk.
extension HostScheduler {
  /// The maximum number of reported ends: each costs reading the task's files.
  private static let toldEndings = 50
  private static let toldFailures = 5

  /// The end of the last ended task of each instance of a job, by instance.
  nonisolated func endings(of key: JobKey) async -> [TaskEnding] {
    await read(await endedTasks(of: key, limit: Self.toldEndings) { _ in true })
      .sorted { $0.instance < $1.instance }
  }

  /// The last failed task of each instance of a job, the newest first.
  nonisolated func failures(of key: JobKey) async -> [TaskEnding] {
    await read(await endedTasks(of: key, limit: Self.toldFailures, where: Self.hasFailed))
  }

  /// The last failed task of an instance.
  nonisolated func failure(of instance: InstanceKey) async -> TaskEnding? {
    await read(await endedTasks(of: instance.job, instance: instance.instance, limit: 1, where: Self.hasFailed)).first
  }

  private func endedTasks(
    of key: JobKey, instance: Int? = nil, limit: Int, where isWanted: (TaskRecord) -> Bool
  ) -> [EndedTask] {
    var seen: Set<Int> = []
    var ended: [EndedTask] = []
    // The newest is first.
    for task in store.state.history(of: key, instance: instance) where task.status.isTerminal && isWanted(task) {
      if seen.insert(task.instance).inserted {
        ended.append(EndedTask(record: task, directory: supervisor.directory(task.id)))
      }
      if ended.count == limit { break }
    }
    return ended
  }

  // MARK: Updates

  /// The update of a job that is in progress, or its last one.
  nonisolated func update(of key: JobKey) async -> UpdateDetail? {
    await withFailures(await latestUpdate(of: key))
  }

  nonisolated func update(_ id: UpdateID) async -> UpdateDetail? { await withFailures(await storedUpdate(id)) }

  private func latestUpdate(of key: JobKey) -> (detail: UpdateDetail, failed: [EndedTask])? {
    (store.state.activeUpdate(of: key) ?? store.state.updates(of: key).first).map(described)
  }

  private func storedUpdate(_ id: UpdateID) -> (detail: UpdateDetail, failed: [EndedTask])? {
    store.state.updates[id].map(described)
  }

  private func described(_ update: JobUpdate) -> (detail: UpdateDetail, failed: [EndedTask]) {
    let detail = detail(update)
    let steps = detail.steps.filter { step in
      step.failures > 0 || step.phase == .failed || step.action == .rollingBack || step.action == .rolledBack
    }
    let records = steps.compactMap { step in
      store.state.history(of: update.job, instance: step.instance).first { task in
        task.revision == update.revision && Self.hasFailed(task) && task.since >= update.startedAt
      }
    }
    let newest = records.sorted { $0.sequence > $1.sequence }.prefix(Self.toldFailures)
    return (detail, newest.map { EndedTask(record: $0, directory: supervisor.directory($0.id)) })
  }

  private nonisolated func withFailures(_ update: (detail: UpdateDetail, failed: [EndedTask])?) async -> UpdateDetail? {
    guard let update else { return nil }
    var detail = update.detail
    detail.failures = await read(update.failed)
    return detail
  }

  // MARK: Reading

  private nonisolated func read(_ tasks: [EndedTask]) async -> [TaskEnding] {
    if tasks.isEmpty { return [] }
    do {
      let (endings, problems) = try await NIOThreadPool.singleton.runIfActive {
        var reader = EndingReader()
        let endings = tasks.map { reader.ending(of: $0) }
        return (endings, reader.problems)
      }
      for problem in problems { await warn(problem) }
      return endings
    } catch {
      // The server stops: only facts in memory are reported.
      return tasks.map { EndingReader.record(of: $0.record) }
    }
  }

  static func hasFailed(_ task: TaskRecord) -> Bool {
    switch task.status {
    case .failed, .lost: true
    // A service does not end on its own.
    case .finished: task.configuration.isService
    default: false
    }
  }
}

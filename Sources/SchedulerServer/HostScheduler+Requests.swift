internal import Diagnostics
internal import Executor
internal import JSON
internal import JobModel
internal import SchedulerCore
internal import SchedulerStore
internal import SystemSupport

/// What became of a request that changes something.
enum SubmissionOutcome: Sendable {
  case accepted
  /// It does not fit what is there now.
  case conflict(Diagnostic)
  /// It is wrong in itself.
  case refused(Diagnostic)
  case notFound(Diagnostic)
}

// What the API and the pages ask.
extension HostScheduler {
  var clusterName: String { options.cluster }

  func jobs() -> [JobSummary] {
    store.state.jobs.values.compactMap { summary(of: $0) }.sorted { $0.key < $1.key }
  }

  func detail(_ key: JobKey) -> JobDetail? {
    guard let record = store.state.jobs[key], let configuration = record.configuration,
      let summary = summary(of: record)
    else { return nil }
    let tasks = store.state.tasks.values.filter { $0.job == key }.sorted { $0.sequence < $1.sequence }
    let events = tasks.flatMap { task in
      task.events.map { JobEvent(instance: task.instance, taskID: task.id, event: $0) }
    }
    return JobDetail(
      configuration: configuration, summary: summary, instances: latestTasks(tasks).map(status),
      events: events.sorted { $0.event.time < $1.event.time })
  }

  /// The folder of an instance's live task, or of its last.
  func directory(_ key: JobKey, instance: Int) -> TaskDirectory? {
    let task =
      store.state.activeTask(of: InstanceKey(job: key, instance: instance))
      ?? store.state.tasks.values.filter { $0.job == key && $0.instance == instance }
      .max { $0.sequence < $1.sequence }
    return task.map { supervisor.directory($0.id) }
  }

  func processes(_ key: JobKey, instance: Int) -> [ProcessRun] {
    guard let directory = directory(key, instance: instance) else { return [] }
    do {
      return try directory.checkpoint()?.processes ?? []
    } catch {
      return []
    }
  }

  /// Where a process's log is: of the run asked for, or the last one.
  func logPath(_ directory: TaskDirectory, process: String, run: Int?, stream: String) -> String? {
    let folder = FilePath(directory.paths.logs).appending(process)
    let runs: [Int]
    do {
      runs = try FileSystem.list(folder).compactMap { Int($0.name) }
    } catch {
      return nil
    }
    guard let run = run ?? runs.max(), runs.contains(run) else { return nil }
    return directory.paths.log(process: process, run: run, stream: stream)
  }

  // MARK: Changes

  func create(_ configuration: JobConfiguration) -> SubmissionOutcome {
    do {
      guard configuration.key.cluster == options.cluster else {
        throw Diagnostic(
          .input, "job \(configuration.key) is for another cluster; this one is \"\(options.cluster)\"")
      }
      try ArtifactCheck(options).check(configuration)
      return outcome { try apply(.createJob(configuration)) }
    } catch {
      return .refused(Self.diagnostic(of: error))
    }
  }

  func kill(_ key: JobKey, instances: Set<Int>?) -> SubmissionOutcome {
    outcome { try apply(.killJob(key, instances: instances)) }
  }

  func restart(_ key: JobKey, instances: Set<Int>?) -> SubmissionOutcome {
    outcome { try apply(.restartInstances(key, instances: instances)) }
  }

  private func outcome(_ body: () throws -> Void) -> SubmissionOutcome {
    do {
      try body()
      return .accepted
    } catch let error as SchedulerError {
      switch error {
      case .jobExists, .jobIsEnding, .updateInProgress, .unchanged: return .conflict(error.diagnostic)
      case .noSuchJob, .noSuchInstances: return .notFound(error.diagnostic)
      default: return .refused(error.diagnostic)
      }
    } catch {
      return .refused(Self.diagnostic(of: error))
    }
  }

  private static func diagnostic(of error: any Error) -> Diagnostic {
    (error as? any DiagnosableError)?.diagnostic ?? Diagnostic(.environment, "\(error)")
  }

  // MARK: Views

  private func latestTasks(_ tasks: [TaskRecord]) -> [TaskRecord] {
    var latest: [Int: TaskRecord] = [:]
    for task in tasks { latest[task.instance] = task }
    return latest.values.sorted { $0.instance < $1.instance }
  }

  private func summary(of record: JobRecord) -> JobSummary? {
    guard let configuration = record.configuration else { return nil }
    let tasks = latestTasks(
      store.state.tasks.values.filter { $0.job == record.key }.sorted { $0.sequence < $1.sequence })
    return JobSummary(
      key: record.key, isService: configuration.isService, cron: configuration.cron, instances: record.desired.count,
      counts: Dictionary(tasks.map { ($0.status, 1) }, uniquingKeysWith: +), artifacts: configuration.task.artifacts,
      owner: configuration.owner, update: store.state.activeUpdate(of: record.key)?.summary,
      isEnding: record.isEnding)
  }

  private func status(of task: TaskRecord) -> InstanceStatus {
    let runs = processRuns[task.id] ?? []
    return InstanceStatus(
      instance: task.instance, taskID: task.id, status: task.status, since: task.since, ports: task.ports,
      executorPID: task.status.mayHaveExecutor ? task.executorPID : nil,
      pids: task.status.mayHaveExecutor ? runs.filter { !$0.status.isTerminal }.compactMap(\.pid) : [],
      message: task.message, restarts: task.restarts, isFlapping: task.status == .throttled,
      isHealthy: task.health?.healthy, artifacts: task.configuration.task.artifacts)
  }
}

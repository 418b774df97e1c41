internal import Executor
internal import JobModel
internal import SchedulerCore
internal import SchedulerStore
internal import SystemSupport

// Updates, releases and failures as the API and the pages show them.
extension HostScheduler {
  /// The update of a job that is in progress, or its last one.
  func update(of key: JobKey) -> UpdateDetail? {
    (store.state.activeUpdate(of: key) ?? store.state.updates(of: key).first).map(detail)
  }

  func update(_ id: UpdateID) -> UpdateDetail? { store.state.updates[id].map(detail) }

  /// The remembered updates of all jobs, the newest first.
  func updates(activeOnly: Bool) -> [UpdateSummary] {
    store.state.updates.values.filter { !activeOnly || !$0.status.isTerminal }
      .sorted { ($0.startedAt, $0.id) > ($1.startedAt, $1.id) }.map(\.summary)
  }

  private func detail(_ update: JobUpdate) -> UpdateDetail {
    let state = store.state
    let present = Dictionary(
      state.instances(of: update.job).map { ($0.instance, $0) }, uniquingKeysWith: { first, _ in first })
    let steps = update.instances.sorted { $0.key < $1.key }.map { instance, progress in
      let task = present[instance].map(withProcesses)
      return UpdateDetail.Step(
        instance: instance, phase: UpdateDetail.Step.Phase(rawValue: progress.phase.rawValue) ?? .waiting,
        from: progress.from, to: progress.to, action: progress.action, failures: progress.failures, task: task,
        health: task.flatMap { state.tasks[$0.taskID]?.health })
    }
    let failed = steps.filter { step in
      step.failures > 0 || step.phase == .failed || step.action == .rollingBack || step.action == .rolledBack
    }
    let reports = failed.compactMap { step -> TaskRecord? in
      state.history(of: update.job, instance: step.instance).first { task in
        task.revision == update.revision && Self.hasFailed(task) && task.since >= update.startedAt
      }
    }
    return UpdateDetail(
      summary: update.summary, release: update.revision, formerRelease: update.formerRevision,
      isRestart: update.isRestart, since: update.since, now: Self.now(), configuration: update.configuration,
      steps: steps, failures: newest(reports).map(failure))
  }

  /// The last failed task of each instance of a job, the newest first.
  func failures(of key: JobKey) -> [FailureReport] {
    var last: [Int: TaskRecord] = [:]
    for task in store.state.history(of: key) where last[task.instance] == nil && Self.hasFailed(task) {
      last[task.instance] = task
    }
    return newest(Array(last.values)).map(failure)
  }

  private static func hasFailed(_ task: TaskRecord) -> Bool {
    switch task.status {
    case .failed, .lost: true
    // A service does not end by itself.
    case .finished: task.configuration.isService
    default: false
    }
  }

  /// As many of them as people read: each costs a look at the task's files.
  private func newest(_ tasks: [TaskRecord]) -> [TaskRecord] {
    Array(tasks.sorted { $0.sequence > $1.sequence }.prefix(5))
  }

  private func failure(_ task: TaskRecord) -> FailureReport {
    let directory = supervisor.directory(task.id)
    // A health check that failed for good is the reason, and its process may have ended well.
    let runs = processes(directory).filter { $0.status != .success || task.health?.healthy == false }
    return FailureReport(
      instance: task.instance, taskID: task.id, release: task.revision, status: task.status, time: task.since,
      message: task.message, health: task.health,
      processes: runs.map { run in
        FailureReport.Process(
          name: run.name, run: run.run, status: run.status, exitCode: run.exitCode, signal: run.signal,
          output: lastLines(directory, run))
      })
  }

  /// The last lines that a run wrote: of its standard error, or else of its standard output.
  private func lastLines(_ directory: TaskDirectory, _ run: ProcessRun) -> [String] {
    for stream in ["stderr", "stdout"] {
      guard let path = logPath(directory, process: run.name, run: run.run, stream: stream) else { continue }
      var reader = LogReader(path: path, offset: -4096)
      let bytes: [UInt8]
      do {
        bytes = try reader.rest(limit: 4096)
      } catch {
        warn("\(error)")
        continue
      }
      let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").suffix(8).map { String($0.prefix(400)) }
      if !lines.isEmpty { return lines }
    }
    return []
  }

  // MARK: Releases

  /// The releases of a job that are kept, the newest first; nil when there is no such job.
  func releases(of key: JobKey) -> [Release]? {
    guard let job = store.state.jobs[key] else { return nil }
    return job.revisions.reversed().map { revision in
      Release(
        number: revision.number, submittedAt: revision.submittedAt, user: revision.user ?? revision.configuration.owner,
        reason: revision.reason, cause: Self.text(of: revision.cause), result: revision.result,
        isCurrent: revision.number == job.current, running: job.desired.values.count { $0 == revision.number },
        instances: revision.configuration.instances, artifacts: revision.configuration.task.artifacts,
        source: revision.configuration.source)
    }
  }

  private static func text(of cause: JobRevision.Cause) -> String {
    switch cause {
    case .create: "create"
    case .update: "update"
    case .scale: "scale"
    case .rollback(let number): "rollback to release \(number)"
    }
  }

  func configuration(of key: JobKey, release: Int) -> JobConfiguration? {
    store.state.jobs[key]?.revision(release)?.configuration
  }
}

internal import JobModel
internal import SchedulerCore
internal import SchedulerStore

// Updates and releases as the API and the pages show them.
extension HostScheduler {
  /// The remembered updates of all jobs, the newest first.
  func updates(activeOnly: Bool) -> [UpdateSummary] {
    store.state.updates.values.filter { !activeOnly || !$0.status.isTerminal }
      .sorted { ($0.startedAt, $0.id) > ($1.startedAt, $1.id) }.map(\.summary)
  }

  /// An update without its failures.
  func detail(_ update: JobUpdate) -> UpdateDetail {
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
    return UpdateDetail(
      summary: update.summary, release: update.revision, formerRelease: update.formerRevision,
      isRestart: update.isRestart, since: update.since, now: Self.now(), configuration: update.configuration,
      steps: steps)
  }

  // MARK: Releases

  /// The kept releases of a job, the newest first; nil if there is no such job.
  func releases(of key: JobKey) -> [Release]? {
    guard let job = store.state.jobs[key] else { return nil }
    return job.revisions.reversed().map { described($0, of: job) }
  }

  /// A release in the form of the API.
  func described(_ revision: JobRevision, of job: JobRecord) -> Release {
    Release(
      number: revision.number, submittedAt: revision.submittedAt, user: revision.user ?? revision.configuration.owner,
      reason: revision.reason, cause: Self.text(of: revision.cause), result: revision.result,
      isCurrent: revision.number == job.current, running: job.desired.values.count { $0 == revision.number },
      instances: revision.configuration.instances, artifacts: revision.configuration.task.artifacts,
      source: revision.configuration.source)
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

internal import Diagnostics
public import JobModel
internal import Pipelines

// Pipelines that start by themselves, by the rules of cron jobs.
extension Scheduler {
  /// Puts a pipeline on the schedule, or replaces its schedule. Runs in progress continue.
  mutating func schedulePipeline(_ schedule: ScheduledPipeline, user: String?) throws(SchedulerError) {
    let record = schedule.record(due: now, day: CivilDate(daysSince1970: 0))
    for step in schedule.definition.steps.indices {
      var configuration = record.configuration(ofStep: step)
      configuration.cron = schedule.definition.schedule
      try check(configuration)
      try checkQuota(configuration, instances: 1)
    }
    var schedule = schedule
    schedule.user = user ?? schedule.user
    schedule.lastDue = now
    set(schedule: schedule.key, schedule)
    self.record(RecordedEvent.host, .job, user: user, message: "pipeline \(schedule.key) scheduled")
  }

  mutating func deschedulePipeline(_ key: String, user: String?) throws(SchedulerError) {
    guard state.schedules[key] != nil else { throw .noSuchSchedule(key) }
    set(schedule: key, nil)
    record(RecordedEvent.host, .job, user: user, message: "pipeline \(key) descheduled")
  }

  /// When a pipeline is due next.
  public func deadline(of pipeline: ScheduledPipeline) -> Timestamp? {
    cronSchedule(of: pipeline)?.next(after: pipeline.lastDue)
  }

  /// Nil for a pipeline whose zone is gone from the host: it is never due.
  private func cronSchedule(of pipeline: ScheduledPipeline) -> CronSchedule? {
    guard let cron = pipeline.definition.schedule else { return nil }
    do {
      return try CronSchedule(cron, zones: zones)
    } catch {
      return nil
    }
  }

  /// Starts a pipeline that is due. Missed runs follow the rules of ``runCron(_:)``.
  mutating func runPipelineSchedule(_ key: String) {
    guard var pipeline = state.schedules[key], let schedule = cronSchedule(of: pipeline),
      let due = schedule.next(after: pipeline.lastDue), due <= now
    else { return }
    let last = pipeline.lastDue
    pipeline.lastDue = now
    set(schedule: key, pipeline)
    guard let recent = schedule.next(after: max(last, now + (.zero - policy.cronGrace))), recent <= now else {
      return record(RecordedEvent.host, .job, message: "run of pipeline \(key) missed: it was due at \(due)")
    }
    let open = state.pipelines.values.filter { $0.pipelineKey == key && !$0.run.status.isTerminal }
    if !open.isEmpty, pipeline.definition.schedule?.collisionPolicy == .cancelNew {
      return record(
        RecordedEvent.host, .job, message: "run of pipeline \(key) cancelled: the last one is still running")
    }
    for other in open.sorted(by: { $0.run.id < $1.run.id }) where other.run.status == .running {
      advance(other, [.cancel])
    }
    do throws(SchedulerError) {
      try startPipeline(pipeline.record(due: recent, day: schedule.day(of: recent)), user: pipeline.user)
    } catch {
      record(RecordedEvent.host, .job, message: "run of pipeline \(key) refused: \(error.diagnostic.summary)")
    }
  }

  mutating func set(schedule key: String, _ schedule: ScheduledPipeline?) {
    if changes.schedules.insert(key).inserted { undo.schedules.append((key, state.schedules[key])) }
    state.schedules[key] = schedule
    followSchedule(key)
  }

  /// Keeps the next due time of a pipeline.
  mutating func followSchedule(_ key: String) {
    timers.set(.pipelineSchedule(key), state.schedules[key].flatMap { deadline(of: $0) })
  }
}

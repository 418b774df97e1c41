public import JobModel

extension Scheduler {
  /// A run of a cron job, asked for by hand.
  mutating func startCron(_ key: JobKey, user: String?) throws(SchedulerError) {
    let job = try existing(key)
    guard job.isCron else { throw .notACronJob(key) }
    fire(job, user: user)
  }

  /// Starts a cron job that is due. A run that was missed (the scheduler did not run, or the clock was set ahead) by
  /// less than `SchedulerPolicy.cronGrace` starts late; an older one is skipped, and the job's history records it. Of
  /// several missed runs, at most the newest starts late.
  mutating func runCron(_ key: JobKey) {
    guard var job = state.jobs[key], let due = cronDeadline(of: job), due <= now, let last = job.lastCronDue,
      let schedule = schedule(of: job)
    else { return }
    job.lastCronDue = now
    put(job)
    let recent = schedule.next(after: max(last, now + (.zero - policy.cronGrace)))
    if let recent, recent <= now {
      fire(job, user: nil)
    } else {
      record(key, .job, message: "run missed: it was due at \(due)")
    }
  }

  /// When a cron job is due next.
  public func cronDeadline(of job: JobRecord) -> Timestamp? {
    guard !job.isEnding, let last = job.lastCronDue else { return nil }
    return schedule(of: job)?.next(after: last)
  }

  /// The schedule of a cron job. One whose zone is gone from the host is never due.
  public func schedule(of job: JobRecord) -> CronSchedule? {
    guard let cron = job.configuration?.cron else { return nil }
    do {
      return try CronSchedule(cron, zones: zones)
    } catch {
      return nil
    }
  }

  private mutating func fire(_ job: JobRecord, user: String?) {
    guard let revision = job.revision(job.current), let cron = revision.configuration.cron else { return }
    let running = state.activeTasks(of: job.key)
    if !running.isEmpty, cron.collisionPolicy == .cancelNew {
      return record(job.key, .job, user: user, message: "run cancelled: the last one is still running")
    }
    var job = job
    job.completed = []
    job.desired = Dictionary(uniqueKeysWithValues: (0..<revision.configuration.instances).map { ($0, revision.number) })
    put(job)
    record(job.key, .job, user: user, message: "run started")
    for task in running {
      if task.isUnplaced {
        deleteTask(task, message: "replaced by the next run")
      } else {
        // The wanted task of the instance starts when this one has ended.
        move(task.id, to: .killing, message: "replaced by the next run")
      }
    }
    for instance in 0..<revision.configuration.instances {
      let key = InstanceKey(job: job.key, instance: instance)
      if state.activeTask(of: key) == nil { createTask(for: key, revision: revision) }
    }
  }
}

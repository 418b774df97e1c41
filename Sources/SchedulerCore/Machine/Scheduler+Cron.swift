internal import JobModel

extension Scheduler {
  /// A run of a cron job, asked for by hand.
  mutating func startCron(_ key: JobKey, user: String?) throws(SchedulerError) {
    let job = try existing(key)
    guard job.configuration?.cron != nil else { throw .notACronJob(key) }
    fire(job, user: user)
  }

  /// Starts the cron jobs that are due. A run that was due while the scheduler was away is not made up for, as in
  /// Aurora: only the newest due time within the last minute counts.
  mutating func runCron() {
    for key in state.jobs.keys.sorted() {
      guard var job = state.jobs[key], let due = cronDeadline(of: job), due <= now else { continue }
      job.lastCronDue = now
      put(job)
      if now - due < .seconds(60) { fire(job, user: nil) }
    }
  }

  /// When a cron job is due next.
  func cronDeadline(of job: JobRecord) -> Timestamp? {
    guard !job.isEnding, let cron = job.configuration?.cron, let last = job.lastCronDue else { return nil }
    return CronSchedule(cron)?.next(after: last)
  }

  private mutating func fire(_ job: JobRecord, user: String?) {
    guard let revision = job.revision(job.current), let cron = revision.configuration.cron else { return }
    let running = activeTasks(of: job.key)
    if !running.isEmpty, cron.collisionPolicy == .cancelNew {
      return record(job.key, .job, user: user, message: "run cancelled: the last one is still running")
    }
    var job = job
    job.completed = []
    job.desired = Dictionary(uniqueKeysWithValues: (0..<revision.configuration.instances).map { ($0, revision.number) })
    put(job)
    record(job.key, .job, user: user, message: "run started")
    for task in running {
      switch task.status {
      case .initial, .pending, .throttled: deleteTask(task, message: "replaced by the next run")
      default:
        // What is still wanted of the instance starts when this has ended.
        move(task.id, to: .killing, message: "replaced by the next run")
      }
    }
    for instance in 0..<revision.configuration.instances {
      let key = InstanceKey(job: job.key, instance: instance)
      if state.activeTask(of: key) == nil { createTask(for: key, revision: revision) }
    }
  }
}

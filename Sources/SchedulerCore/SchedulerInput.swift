public import JobModel
public import Pipelines

/// What happens to the scheduler. Whatever it learns comes in as one of these, with the time it came.
///
/// `user` is who asked, as the server knows it; `reason` is why, in that user's words. Both are kept with the release, the
/// update and the job's history.
public enum SchedulerInput: Sendable, Hashable {
  // From users.
  case createJob(JobConfiguration, user: String? = nil, reason: String? = nil)
  /// All instances, and then the job ends; or only some, which then are no longer wanted.
  case killJob(JobKey, instances: Set<Int>? = nil, user: String? = nil, reason: String? = nil)
  /// New instances, numbered on from the highest.
  case addInstances(JobKey, count: Int, user: String? = nil)
  /// All that the job's SLA policy allows at once, the others as soon as it does; all together without a policy. A
  /// rolling restart is `startUpdate` with `restart`.
  case restartInstances(JobKey, instances: Set<Int>? = nil, user: String? = nil)
  /// To another configuration, of all instances or of some (a canary). With `restart`, instances that already run it
  /// are restarted too. A configuration that tasks do not notice (metadata, update settings, …) becomes a release at
  /// once, and no task is touched. Refused with `unchanged` if there is nothing to do.
  case startUpdate(
    JobConfiguration, instances: Set<Int>? = nil, restart: Bool = false, user: String? = nil, reason: String? = nil)
  /// A release of the current configuration with another number of instances; those that stay are not touched.
  case scaleJob(JobKey, to: Int, user: String? = nil, reason: String? = nil)
  /// Back to exactly the configuration of an earlier release, which becomes a new release; nil is the one that was rolled
  /// out before the current. While an update is in progress, it is turned round when it comes from that release.
  case rollbackJob(JobKey, to: Int? = nil, user: String? = nil, reason: String? = nil)
  case pauseUpdate(JobKey, user: String? = nil)
  case resumeUpdate(JobKey, user: String? = nil)
  /// A sign of life for an update with a pulse interval.
  case pulseUpdate(JobKey, user: String? = nil)
  /// Leaves every instance as it is. Of two copies (start-first), the one that runs healthily stays.
  case abortUpdate(JobKey, user: String? = nil)
  /// Turns an update in progress round.
  case rollbackUpdate(JobKey, user: String? = nil)
  /// A run of a cron job now, regardless of its schedule.
  case startCron(JobKey, user: String? = nil)
  /// What the jobs of a role, or of a role's stage, may ask for together; nil takes the limit away. Jobs of the tier
  /// `revocable` do not count.
  case setQuota(QuotaKey, Resources?, user: String? = nil)
  /// Empties the host: tasks end as SLA policies allow, after `patience` in any case, and none starts before `endDrain`.
  case startDrain(patience: Duration? = nil, user: String? = nil, reason: String? = nil)
  case endDrain(user: String? = nil)
  /// A run of a pipeline that has not begun.
  case startPipeline(PipelineRecord, user: String? = nil)
  case cancelPipeline(String, user: String? = nil)
  /// Starts runs of a pipeline by its schedule; replaces an earlier schedule of the same role, stage and name.
  case schedulePipeline(ScheduledPipeline, user: String? = nil)
  /// By `ROLE/STAGE/NAME`. Runs in progress continue.
  case deschedulePipeline(String, user: String? = nil)
  /// Runs again what did not succeed in a run that has ended.
  case retryPipeline(String, user: String? = nil)

  // From the store that runs of pipelines are shared in.
  /// A run that another scheduler has begun and no longer has.
  case adoptPipeline(PipelineRecord)
  /// Another scheduler has taken these runs over: they are forgotten here, and what runs of them ends.
  case abandonPipelines(Set<String>, message: String)
  /// While the store is away, nothing new starts in any run. Attempts that run continue, and their ends are kept.
  case holdPipelines(Bool)

  // From executors, in any order, any number of times.
  case taskStatus(TaskID, TaskStatus, message: String? = nil)
  case taskHealth(TaskID, HealthReport)
  case executorStarted(TaskID, pid: Int32)
  /// What a step's task has put out. Before the report of the task's end, in the same transaction.
  case stepEnded(TaskID, AttemptEnd)
  case stepHeartbeat(TaskID, at: Timestamp)

  // From the host.
  case hostOffer(HostOffer)
  /// All hosts of a cluster with several. One that is missing cannot be reached, or is none any more; what becomes of
  /// its tasks is reported for each of them.
  case hostOffers([HostOffer])
  /// The executor could not be started, or ended without a word; nothing of the task is left.
  case executorLost(TaskID, message: String)
  /// After `destroy`: nothing of the task is left.
  case taskDestroyed(TaskID)
  /// Once when the scheduler starts, after the last words of dead executors were passed on: which executors live, and
  /// which have begun and are dead (nothing of their tasks is left). A scheduler with a stored state starts and gives
  /// up nothing before it.
  case executorsFound(live: [TaskID: Int32], dead: Set<TaskID>)
  /// The host was started, or its wall clock was set: the scheduler's clock has another anchor. Every time in the state
  /// moves by `shift`, so that no deadline comes nearer or goes away. Cron schedules follow the new time: runs that were
  /// skipped by a jump count as missed, and times that come again are due again.
  case clockSet(SchedulerClock.Anchor, shift: Duration)
  /// Time has passed.
  case tick
}

public import JobModel

/// What happens to the scheduler. Whatever it learns comes in as one of these, with the time it came.
public enum Event: Sendable, Hashable {
  // From users.
  case createJob(JobConfiguration, user: String? = nil)
  /// All instances, and then the job is forgotten; or only some, which then are no longer wanted.
  case killJob(JobKey, instances: Set<Int>? = nil, user: String? = nil)
  /// New instances, numbered on from the highest.
  case addInstances(JobKey, count: Int, user: String? = nil)
  /// At once and all together; a rolling restart is `startUpdate` with `restart`.
  case restartInstances(JobKey, instances: Set<Int>? = nil, user: String? = nil)
  /// To another configuration, of all instances or of some. With `restart`, instances that run it already are started
  /// anew, too.
  case startUpdate(JobConfiguration, instances: Set<Int>? = nil, restart: Bool = false, user: String? = nil)
  case pauseUpdate(JobKey, user: String? = nil)
  case resumeUpdate(JobKey, user: String? = nil)
  /// Leaves every instance as it is.
  case abortUpdate(JobKey, user: String? = nil)
  case rollbackUpdate(JobKey, user: String? = nil)
  /// A run of a cron job now, whatever its schedule says.
  case startCron(JobKey, user: String? = nil)
  /// What a role's `preferred` jobs may use together; nil takes the limit away.
  case setQuota(role: String, Resources?)

  // From executors, in any order, any number of times.
  case taskStatus(TaskID, TaskStatus, message: String? = nil)
  case taskHealth(TaskID, HealthReport)
  case executorStarted(TaskID, pid: Int32)

  // From the host.
  case hostOffer(HostOffer)
  /// The executor could not be started, or ended without a word; nothing of the task is left.
  case executorLost(TaskID, message: String)
  /// After `destroy`: nothing of the task is left.
  case taskDestroyed(TaskID)
  /// Once when the scheduler starts, after the last words of dead executors were passed on: which executors live, and
  /// which have begun and are dead (nothing of their tasks is left). A scheduler with a stored state starts and gives
  /// up nothing before it.
  case executorsFound(live: [TaskID: Int32], dead: Set<TaskID>)
  /// Time has passed.
  case tick
}

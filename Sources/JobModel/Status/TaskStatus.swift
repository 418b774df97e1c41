/// The state of a task as the scheduler sees it: Aurora's schedule statuses.
///
/// The executor reports `starting`, `running`, `finished`, `failed`, `killed`; the others are the scheduler's own.
public enum TaskStatus: String, Sendable, Hashable, CaseIterable {
  case initial = "INIT"
  /// Waits for a place on a host.
  case pending = "PENDING"
  /// Ran too shortly too often; waits before it becomes pending.
  case throttled = "THROTTLED"
  /// Has a place; an executor is being started.
  case assigned = "ASSIGNED"
  /// The executor has it; not yet healthy.
  case starting = "STARTING"
  case running = "RUNNING"
  /// Was asked to end for good.
  case killing = "KILLING"
  case finished = "FINISHED"
  case failed = "FAILED"
  case killed = "KILLED"
  /// Its executor is gone without a word.
  case lost = "LOST"
  /// The task was asked to end, to be started again.
  case restarting = "RESTARTING"
  /// Was asked to end because its host is being emptied.
  case draining = "DRAINING"
  /// Was asked to end because something of higher priority needs the place.
  case preempting = "PREEMPTING"
  /// Its host cannot be reached; the task can still run.
  case partitioned = "PARTITIONED"

  /// Whether the run is over.
  public var isTerminal: Bool {
    switch self {
    case .finished, .failed, .killed, .lost: true
    default: false
    }
  }

  /// Whether an executor can be running it: it holds resources and ports.
  public var mayHaveExecutor: Bool {
    switch self {
    case .assigned, .starting, .running, .killing, .restarting, .draining, .preempting, .partitioned: true
    case .initial, .pending, .throttled, .finished, .failed, .killed, .lost: false
    }
  }
}

/// The state of one run of one process: Thermos's.
public enum ProcessStatus: String, Sendable, Hashable, CaseIterable {
  case waiting = "WAITING"
  case forked = "FORKED"
  case running = "RUNNING"
  case success = "SUCCESS"
  case killed = "KILLED"
  case failed = "FAILED"
  case lost = "LOST"

  public var isTerminal: Bool {
    switch self {
    case .success, .killed, .failed, .lost: true
    case .waiting, .forked, .running: false
    }
  }
}

/// The state of an update of a job: Aurora's.
public enum UpdateStatus: String, Sendable, Hashable, CaseIterable {
  case rollingForward = "ROLLING_FORWARD"
  case rollingBack = "ROLLING_BACK"
  case rollForwardPaused = "ROLL_FORWARD_PAUSED"
  case rollBackPaused = "ROLL_BACK_PAUSED"
  case rollForwardAwaitingPulse = "ROLL_FORWARD_AWAITING_PULSE"
  case rollBackAwaitingPulse = "ROLL_BACK_AWAITING_PULSE"
  case rolledForward = "ROLLED_FORWARD"
  case rolledBack = "ROLLED_BACK"
  case aborted = "ABORTED"
  case failed = "FAILED"
  case error = "ERROR"

  /// Whether the update is over.
  public var isTerminal: Bool {
    switch self {
    case .rolledForward, .rolledBack, .aborted, .failed, .error: true
    default: false
    }
  }

  public var isPaused: Bool { self == .rollForwardPaused || self == .rollBackPaused }

  /// Whether the update waits for the next pulse.
  public var awaitsPulse: Bool { self == .rollForwardAwaitingPulse || self == .rollBackAwaitingPulse }
}

/// The actions of an update on one instance: Aurora's.
public enum InstanceUpdateAction: String, Sendable, Hashable, CaseIterable {
  case updating = "INSTANCE_UPDATING"
  case updated = "INSTANCE_UPDATED"
  case updateFailed = "INSTANCE_UPDATE_FAILED"
  case rollingBack = "INSTANCE_ROLLING_BACK"
  case rolledBack = "INSTANCE_ROLLED_BACK"
  case rollbackFailed = "INSTANCE_ROLLBACK_FAILED"
}

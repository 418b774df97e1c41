public import JobModel

/// Aurora's task state machine (its `TaskStateMachine`): the allowed successors of each state.
///
/// A report of any other transition is late, doubled or out of order, and is ignored; or it comes from a task that
/// should not run, which is then destroyed.
public enum TaskTransitions {
  /// Whether a task can go from one state to another.
  public static func allows(_ from: TaskStatus, _ to: TaskStatus) -> Bool { following(from).contains(to) }

  /// The allowed successors.
  public static func following(_ status: TaskStatus) -> Set<TaskStatus> {
    switch status {
    case .initial: [.pending, .throttled]
    case .throttled: [.pending, .killing]
    case .pending: [.assigned, .killing]
    case .assigned:
      [
        .starting, .running, .finished, .failed, .restarting, .draining, .preempting, .killing, .killed, .lost,
      ]
    case .starting:
      [
        .running, .finished, .failed, .restarting, .draining, .preempting, .killing, .killed, .lost, .partitioned,
      ]
    case .running:
      [.finished, .failed, .restarting, .draining, .preempting, .killing, .killed, .lost, .partitioned]
    case .partitioned:
      [
        .lost, .failed, .finished, .running, .assigned, .starting, .restarting, .draining, .preempting, .killing,
      ]
    case .preempting, .restarting, .draining: [.finished, .failed, .killing, .killed, .lost, .partitioned]
    case .killing: [.finished, .failed, .killed, .lost, .partitioned]
    case .finished, .failed, .killed, .lost: []
    }
  }

  /// Whether a task in this state can be forgotten: ended ones, and those that never existed outside the state.
  public static func allowsDeletion(_ status: TaskStatus) -> Bool {
    switch status {
    case .initial, .pending, .throttled, .killing: true
    default: status.isTerminal
    }
  }

  /// States that should pass, and mean a problem if they do not.
  public static func isTransient(_ status: TaskStatus) -> Bool {
    switch status {
    case .assigned, .starting, .killing, .restarting, .draining, .preempting, .partitioned: true
    default: false
    }
  }

  /// States in which a task has been asked to end.
  public static func isEnding(_ status: TaskStatus) -> Bool {
    switch status {
    case .killing, .restarting, .draining, .preempting: true
    default: false
    }
  }

  /// The states that an executor can report.
  static func isReportable(_ status: TaskStatus) -> Bool {
    switch status {
    case .starting, .running, .finished, .failed, .killed, .lost: true
    default: false
    }
  }
}

/// Aurora's update state machine (its `JobUpdateStateMachine`).
public enum UpdateTransitions {
  /// The allowed successors.
  public static func following(_ status: UpdateStatus) -> Set<UpdateStatus> {
    switch status {
    case .rollingForward:
      [.rollingBack, .rollForwardPaused, .rollForwardAwaitingPulse, .rolledForward, .aborted, .failed, .error]
    case .rollingBack: [.rollBackPaused, .rollBackAwaitingPulse, .rolledBack, .aborted, .failed, .error]
    case .rollForwardPaused: [.rollingForward, .rollingBack, .rollForwardAwaitingPulse, .aborted, .error]
    case .rollBackPaused: [.rollingBack, .rollBackAwaitingPulse, .aborted, .error]
    case .rollForwardAwaitingPulse: [.rollingForward, .rollForwardPaused, .rollingBack, .aborted, .error]
    case .rollBackAwaitingPulse: [.rollingBack, .rollBackPaused, .aborted, .error]
    case .rolledForward, .rolledBack, .aborted, .failed, .error: []
    }
  }

  /// Whether an update can go from one state to another.
  public static func allows(_ from: UpdateStatus, _ to: UpdateStatus) -> Bool { following(from).contains(to) }
}

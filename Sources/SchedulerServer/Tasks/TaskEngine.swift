internal import Executor
internal import JobModel
internal import SchedulerCore
internal import SystemSupport

/// What starts, stops, observes and clears away the tasks that the state machine decides about: on this machine
/// (``TaskSupervisor``), or in a Docker Swarm (``SwarmTaskEngine``). It decides nothing; each call may be repeated after a
/// crash.
protocol TaskEngine {
  /// Where the records and logs of a task are, on this machine.
  func directory(_ task: TaskID) -> TaskDirectory

  /// Starts an executor on an assignment; one that lives already, or has ended, is left alone.
  ///
  /// - Parameters:
  ///   - host: the ID of the host that the task has its place on; nil for the scheduler's own.
  ///   - step: the attempt of a pipeline's step that the task is; nil for every other task.
  /// - Throws: when it is not known whether one lives, too: nothing is started beside it.
  mutating func launch(_ assignment: TaskAssignment, on host: String?, step: TaskStep?) throws

  /// Asks a task's executor to end it; false when none lives.
  ///
  /// - Throws: when it is not known whether one lives, or it could not be asked; to be repeated.
  mutating func stop(_ task: TaskID) throws -> Bool

  /// Ends a task's executor at once; true when none lives. To be called until it is.
  mutating func killExecutor(_ task: TaskID) -> Bool

  /// What is to be done when no executor lives, so that nothing is left that it started. May block.
  func clearing(_ task: TaskID) -> @Sendable () throws -> Void

  /// New records of each of these tasks. A task whose executor is gone is reported too, after its last records. Cheap to
  /// call often.
  mutating func poll(_ tasks: Set<TaskID>, at now: UInt64) -> [Observation]

  /// Why the executor of a task is gone, for people; nil when nobody knows more than that.
  func reason(of task: TaskID) -> String?

  /// Whether an executor of the task lives.
  func presence(of task: TaskID) -> ExecutorPresence

  /// The executors that live when the scheduler starts.
  mutating func find(_ tasks: [TaskRecord]) -> FoundExecutors

  /// The tasks that have something here and that the scheduler does not know.
  func strangers(_ isKnown: (TaskID) -> Bool) throws -> FoundStrangers

  /// What there is for tasks; nil while that is not known.
  func offers(_ use: HostUse) throws -> [HostOffer]?

  /// Whether the IDs of processes that executors record are those of this machine.
  var hasLocalProcesses: Bool { get }
}

extension TaskEngine {
  mutating func poll(_ tasks: Set<TaskID>) -> [Observation] { poll(tasks, at: monotonicNanoseconds()) }
}

/// Which executors live, which have begun and are dead; whatever is in neither has never begun.
struct FoundExecutors {
  var live: [TaskID: Int32] = [:]
  var dead: Set<TaskID> = []
  /// What could not be found out, for the scheduler's log. What is not known to be dead counts as live.
  var problems: [String] = []
}

/// Tasks of nobody, and what looks like one and is not.
struct FoundStrangers {
  var tasks: [TaskID] = []
  var problems: [String] = []
}

/// What tasks have of the hosts already.
struct HostUse {
  /// Ports that tasks hold.
  var ports: Set<Int>
  /// Bytes that tasks have written.
  var disk: Int
}

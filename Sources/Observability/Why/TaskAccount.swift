public import JobModel

/// The account of one task that explains its death: its last states, its end, its earlier resource use, the last lines
/// of its processes, and the deployed release.
public struct TaskAccount: Sendable, Hashable {
  /// The kind of end, from facts that were recorded and not from the words of a message.
  public enum Cause: String, Sendable, Hashable, CaseIterable {
    /// The kernel killed a process at the memory limit.
    case outOfMemory = "out_of_memory"
    /// The sandbox reached its disk limit.
    case disk
    /// Health checks failed too often.
    case health
    /// No process was started: the artifact could not be fetched, or the sandbox not be prepared.
    case neverStarted = "never_started"
    /// A process ended with an exit code.
    case exit
    /// A signal that the executor did not send ended a process.
    case signal
    /// The executor is gone without a record.
    case lost
    /// Somebody or something asked it to end.
    case stopped
    case finished
    /// It has not ended.
    case alive
    case unknown
  }

  /// The last run of one process.
  public struct Process: Sendable, Hashable {
    public var name: String
    /// From 0.
    public var run: Int
    public var status: ProcessStatus
    /// When it came into that state.
    public var time: Timestamp
    public var exitCode: Int32?
    public var signal: Int32?
    /// The last lines that it wrote.
    public var stdout: [String]
    public var stderr: [String]

    public init(
      name: String, run: Int, status: ProcessStatus, time: Timestamp, exitCode: Int32? = nil, signal: Int32? = nil,
      stdout: [String] = [], stderr: [String] = []
    ) {
      self.name = name
      self.run = run
      self.status = status
      self.time = time
      self.exitCode = exitCode
      self.signal = signal
      self.stdout = stdout
      self.stderr = stderr
    }
  }

  /// The resource use of the task at a moment.
  public struct Usage: Sendable, Hashable {
    public var time: Timestamp
    /// Processor cores since the sample before; nil for the first.
    public var cores: Double?
    public var sample: ResourceSample

    public init(time: Timestamp, cores: Double?, sample: ResourceSample) {
      self.time = time
      self.cores = cores
      self.sample = sample
    }
  }

  public var instance: Int
  public var taskID: TaskID
  public var status: TaskStatus
  public var cause: Cause
  /// When the task ended, or came into its state.
  public var time: Timestamp
  public var message: String?
  public var host: String?
  public var states: [TaskEvent]
  public var limits: Resources
  /// The last samples, oldest first.
  public var usage: [Usage]
  public var health: HealthReport?
  public var processes: [Process]
  /// The last lines of the executor's own log, for a task without a started process.
  public var executor: [String]
  /// Tasks that the instance had before.
  public var restarts: Int
  /// The deployed release of the task.
  public var release: Release?
  /// The number of the release before it.
  public var formerRelease: Int?
  /// The update of the job that was in progress when the task ended, or the last one before.
  public var update: UpdateSummary?
  /// Files of the task that could not be read.
  public var problems: [String]

  public init(
    instance: Int, taskID: TaskID, status: TaskStatus, cause: Cause, time: Timestamp, message: String? = nil,
    host: String? = nil, states: [TaskEvent] = [], limits: Resources, usage: [Usage] = [],
    health: HealthReport? = nil, processes: [Process] = [], executor: [String] = [], restarts: Int = 0,
    release: Release? = nil, formerRelease: Int? = nil, update: UpdateSummary? = nil, problems: [String] = []
  ) {
    self.instance = instance
    self.taskID = taskID
    self.status = status
    self.cause = cause
    self.time = time
    self.message = message
    self.host = host
    self.states = states
    self.limits = limits
    self.usage = usage
    self.health = health
    self.processes = processes
    self.executor = executor
    self.restarts = restarts
    self.release = release
    self.formerRelease = formerRelease
    self.update = update
    self.problems = problems
  }

  /// The maximum memory that the task used at once, in its records.
  public var memoryPeak: Int? {
    usage.map { max($0.sample.memory, $0.sample.memoryPeak ?? 0) }.max()
  }
}

/// The reasons why a job died: accounts of its tasks, and other ends.
public struct WhyAnswer: Sendable, Hashable {
  /// An end in one line.
  public struct Other: Sendable, Hashable {
    public var instance: Int
    public var taskID: TaskID
    public var status: TaskStatus
    public var time: Timestamp
    public var message: String?

    public init(instance: Int, taskID: TaskID, status: TaskStatus, time: Timestamp, message: String?) {
      self.instance = instance
      self.taskID = taskID
      self.status = status
      self.time = time
      self.message = message
    }
  }

  public var key: JobKey
  /// The likeliest first.
  public var accounts: [TaskAccount]
  public var others: [Other]
  /// The end of the oldest task that is remembered; nil when none is.
  public var rememberedSince: Timestamp?

  public init(key: JobKey, accounts: [TaskAccount], others: [Other] = [], rememberedSince: Timestamp? = nil) {
    self.key = key
    self.accounts = accounts
    self.others = others
    self.rememberedSince = rememberedSince
  }
}

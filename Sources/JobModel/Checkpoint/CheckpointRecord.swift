/// One line of a task's checkpoint: a report of its executor, in the order of events.
///
/// The executor appends to `TASK-DIRECTORY/checkpoint` and never rewrites it. Any reader of the file, such as a
/// scheduler that has just started or a page that shows the task, knows everything that the executor knew.
public struct CheckpointRecord: Sendable, Hashable {
  /// Starts at 0 and grows by one per record: a reader can tell which records it has seen.
  public var sequence: Int
  public var time: Timestamp
  public var kind: Kind

  public enum Kind: Sendable, Hashable {
    /// First record of an executor. `startTicks` is field 22 of `/proc/PID/stat` (proc_pid_stat(5)): with it, a pid that
    /// was given to another process is recognised.
    case executorStarted(pid: Int32, startTicks: UInt64? = nil)
    case taskState(TaskStatus, message: String? = nil)
    case process(ProcessRun)
    case health(HealthReport)
    case resources(ResourceSample)
    /// The task is announced to discovery from now on, or, with nil, withdrawn for the reason.
    case announcement(Announcement?, reason: String? = nil)
  }

  public init(sequence: Int, time: Timestamp, kind: Kind) {
    self.sequence = sequence
    self.time = time
    self.kind = kind
  }
}

/// The state of one run of a process.
public struct ProcessRun: Sendable, Hashable {
  public var name: String
  /// From 0: the number of earlier runs.
  public var run: Int
  public var status: ProcessStatus
  public var pid: Int32?
  /// The exit status of a run that exited.
  public var exitCode: Int32?
  /// The signal that ended a run.
  public var signal: Int32?

  public init(
    name: String, run: Int, status: ProcessStatus, pid: Int32? = nil, exitCode: Int32? = nil, signal: Int32? = nil
  ) {
    self.name = name
    self.run = run
    self.status = status
    self.pid = pid
    self.exitCode = exitCode
    self.signal = signal
  }
}

/// The results of the last health checks of a task.
public struct HealthReport: Sendable, Hashable {
  public var healthy: Bool
  public var consecutiveFailures: Int
  public var message: String?

  public init(healthy: Bool, consecutiveFailures: Int = 0, message: String? = nil) {
    self.healthy = healthy
    self.consecutiveFailures = consecutiveFailures
    self.message = message
  }
}

/// The resource use of a task at a moment.
public struct ResourceSample: Sendable, Hashable {
  /// CPU time used since the task began.
  public var cpuTime: Duration
  /// Bytes of memory in use.
  public var memory: Int
  /// Bytes of the sandbox on disk.
  public var disk: Int
  /// Processes and threads.
  public var processes: Int
  /// The time for which the CPU limit has delayed the task since it began; nil if the kernel does not count it.
  public var throttled: Duration?
  /// The most bytes of memory that the task has used at once, file cache included where the kernel counts it.
  public var memoryPeak: Int?
  /// The number of its processes that the kernel has killed at the memory limit; nil without a control group.
  public var outOfMemoryKills: Int?

  public init(
    cpuTime: Duration, memory: Int, disk: Int, processes: Int, throttled: Duration? = nil, memoryPeak: Int? = nil,
    outOfMemoryKills: Int? = nil
  ) {
    self.cpuTime = cpuTime
    self.memory = memory
    self.disk = disk
    self.processes = processes
    self.throttled = throttled
    self.memoryPeak = memoryPeak
    self.outOfMemoryKills = outOfMemoryKills
  }
}

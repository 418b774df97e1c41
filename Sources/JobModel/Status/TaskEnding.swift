/// How a task came to its end: what a person asks first.
public struct TaskEnding: Sendable, Hashable {
  /// The task with its last state and message.
  public var task: InstanceStatus
  public var processes: [ProcessEnding]

  public init(task: InstanceStatus, processes: [ProcessEnding] = []) {
    self.task = task
    self.processes = processes
  }
}

/// The last run of a process of a task that has ended.
public struct ProcessEnding: Sendable, Hashable {
  public var run: ProcessRun
  /// The last lines of its stderr, or of its stdout when stderr is empty.
  public var lastLines: [String]

  public init(run: ProcessRun, lastLines: [String] = []) {
    self.run = run
    self.lastLines = lastLines
  }
}

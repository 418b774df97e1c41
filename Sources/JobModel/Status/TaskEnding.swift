/// The end of a task: the record of its executor, and the last output of its processes.
///
/// The only account of an ended task. The API, the pages, waiting commands and `kilt job status` all show it.
public struct TaskEnding: Sendable, Hashable {
  /// The last run of one process of the task.
  public struct Process: Sendable, Hashable {
    public var name: String
    public var run: Int
    public var status: ProcessStatus
    public var exitCode: Int32?
    public var signal: Int32?
    /// The last lines of its standard error, or of its standard output when it wrote no errors.
    public var output: [String]

    public init(
      name: String, run: Int, status: ProcessStatus, exitCode: Int32? = nil, signal: Int32? = nil, output: [String] = []
    ) {
      self.name = name
      self.run = run
      self.status = status
      self.exitCode = exitCode
      self.signal = signal
      self.output = output
    }
  }

  public var instance: Int
  public var taskID: TaskID
  public var release: Int
  public var status: TaskStatus
  /// When the task ended.
  public var time: Timestamp
  /// The reason in one sentence: the exit code, signal or limit, as the executor or the scheduler put it.
  public var message: String?
  /// The last health answer.
  public var health: HealthReport?
  /// Its processes that did not succeed, and those that a bad health answer was the end of.
  public var processes: [Process]

  public init(
    instance: Int, taskID: TaskID, release: Int, status: TaskStatus, time: Timestamp, message: String? = nil,
    health: HealthReport? = nil, processes: [Process] = []
  ) {
    self.instance = instance
    self.taskID = taskID
    self.release = release
    self.status = status
    self.time = time
    self.message = message
    self.health = health
    self.processes = processes
  }
}

extension TaskEnding {
  /// The report as lines for people: the message, the last health answer, exit code or signal, the last lines of output.
  public var lines: [String] { ["instance \(instance) \(status.rawValue): \(message ?? "no message")"] + details }

  /// The lines that explain the message.
  public var details: [String] {
    var lines: [String] = []
    if let answer { lines.append("last health answer: \(answer)") }
    for process in processes {
      lines.append("process \"\(process.name)\" \(process.end)")
      lines += process.output.map { "  | \($0)" }
    }
    return lines
  }

  /// The last health answer when it was bad and the message does not repeat it.
  public var answer: String? {
    guard let health, !health.healthy, let answer = health.message, message?.contains(answer) != true else {
      return nil
    }
    return answer
  }
}

extension TaskEnding.Process {
  /// `FAILED, exit code 1`, `KILLED, signal 9`.
  public var end: String {
    let code = exitCode.map { ", exit code \($0)" } ?? ""
    return status.rawValue + code + (signal.map { ", signal \($0)" } ?? "")
  }
}

/// Why a task failed, from what its executor recorded and its processes wrote.
public struct FailureReport: Sendable, Hashable {
  /// One process of the task at its end.
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
  public var message: String?
  /// The last health answer.
  public var health: HealthReport?
  /// Its processes that did not succeed.
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

extension FailureReport {
  /// The report as lines for people: the message, the last health answer, exit code or signal, the last lines of output.
  public var lines: [String] {
    var lines = ["instance \(instance) \(status.rawValue): \(message ?? "no message")"]
    if let answer = health?.message, message?.contains(answer) != true { lines.append("last health answer: \(answer)") }
    for process in processes {
      var end = "process \"\(process.name)\" \(process.status.rawValue)"
      if let code = process.exitCode { end += ", exit code \(code)" }
      if let signal = process.signal { end += ", signal \(signal)" }
      lines.append(end)
      lines += process.output.map { "  | \($0)" }
    }
    return lines
  }
}

internal import Diagnostics
internal import Glibc
internal import JSON
internal import JobModel
internal import Synchronization
internal import SystemSupport

/// A task that an executor runs for this command: its records and its logs are shown as they are written.
struct LocalTask {
  private let directory: FilePath
  private let quiet: Bool

  init(_ directory: FilePath, quiet: Bool) {
    self.directory = directory
    self.quiet = quiet
  }

  /// Runs the executor to its end, and returns the exit code of the command.
  func run(_ arguments: [String]) throws -> Int32 {
    // Ctrl-C is for the task: the executor ends it in its own way, and hurries when it is asked again.
    let interrupts = Mutex(0)
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM] { sigaddset(&signals, number) }
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    let log = try FileSystem.open(directory.appending("executor.log"), .writeOnly, options: [.create, .append])
    defer { FileSystem.close(log) }
    let pid = try spawnDetached(FilePath(arguments[0]), Array(arguments.dropFirst()), output: log)
    let pending = signals
    _ = startThread {
      var signals = pending
      while true {
        var number: CInt = 0
        guard sigwait(&signals, &number) == 0 else { continue }
        interrupts.withLock { $0 += 1 }
        kill(pid, SIGTERM)
      }
    }
    var status: CInt = 0
    var reader = LocalTaskReader(directory, quiet: quiet)
    while waitpid(pid, &status, WNOHANG) == 0 {
      try reader.show()
      pauseMilliseconds(100)
    }
    try reader.show()
    let code = status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
    if code != 0, !reader.hasEnded {
      writeText(try FileSystem.readText(directory.appending("executor.log"), limit: 1 << 20), to: 2)
    }
    if code != 0, let failure = reader.failure, interrupts.withLock({ $0 == 0 }) {
      throw Diagnostic(
        .work, "the task failed: \(PlainText.line(failure))",
        remedies: ["run the command with --keep to look at the sandbox and the logs afterwards"])
    }
    return code
  }
}

/// Shows new events in a task's directory: states, health, and the lines of each log.
private struct LocalTaskReader {
  private let directory: FilePath
  private let quiet: Bool
  private var offset = 0
  private var logs: [String: (offset: Int, lines: LineBuffer)] = [:]
  private var health: Bool?
  private(set) var hasEnded = false
  /// Why the task failed.
  private(set) var failure: String?

  init(_ directory: FilePath, quiet: Bool) {
    self.directory = directory
    self.quiet = quiet
  }

  mutating func show() throws {
    let checkpoint = directory.appending("checkpoint")
    if FileSystem.exists(checkpoint) {
      let bytes = try FileSystem.read(checkpoint)
      let parsed = try Checkpoint(parsing: bytes[min(offset, bytes.count)...])
      offset += parsed.validLength
      for record in parsed.records { show(record) }
    }
    let folder = directory.appending("logs")
    guard FileSystem.exists(folder) else { return }
    for process in try FileSystem.list(folder).map(\.name).sorted() {
      for run in try FileSystem.list(folder.appending(process)).map(\.name).sorted() {
        for stream in ["stdout", "stderr"] { try show(process, run, stream) }
      }
    }
  }

  private mutating func show(_ record: CheckpointRecord) {
    switch record.kind {
    case .taskState(let status, let message):
      if status.isTerminal { hasEnded = true }
      if status == .failed || status == .lost { failure = message ?? status.rawValue }
      note("task \(status.rawValue)" + (message.map { ": \($0)" } ?? ""))
    case .process(let run):
      let end = run.exitCode.map { ", exit code \($0)" } ?? run.signal.map { ", signal \($0)" } ?? ""
      note("process \"\(run.name)\" \(run.status.rawValue)\(end)")
    case .health(let report) where report.healthy != health:
      health = report.healthy
      note(report.healthy ? "healthy" : "unhealthy: \(report.message ?? "no answer")")
    case .health, .resources, .executorStarted, .announcement: break
    }
  }

  private func note(_ text: String) {
    if !quiet { Terminal.standardError.print(Terminal.standardError.paint("· " + text, "2")) }
  }

  private mutating func show(_ process: String, _ run: String, _ stream: String) throws {
    let path = directory.appending("logs").appending(process).appending(run).appending(stream)
    guard FileSystem.exists(path) else { return }
    var log = logs[path.string] ?? (0, LineBuffer())
    let file = try FileSystem.open(path, .readOnly)
    defer { FileSystem.close(file) }
    let size = Int(try FileSystem.status(of: file).size)
    // Rotated: earlier lines are in a file of another name.
    if size < log.offset { log.offset = 0 }
    if size > log.offset {
      let bytes = try FileSystem.read(file, UInt64(log.offset)..<UInt64(size))
      log.offset = size
      let mark = "\(process) \(stream == "stderr" ? "!" : "|") "
      let lines = bytes.withUnsafeBytes { log.lines.take($0) }
      writeText(
        lines.map { mark + PlainText.logLine(String(decoding: $0, as: UTF8.self)) + "\n" }.joined(), to: 1)
    }
    logs[path.string] = log
  }
}

import Glibc
import JobModel

/// The progress of the health checks of a task.
struct HealthChecking {
  var monitor: HealthMonitor?
  /// When the next check begins; nil while one is under way, and without checks.
  var next: Duration?
  /// The shell command under way, and when its time is over.
  var command: StartedRun?
  var commandEnd: Duration?
  var report: HealthReport?
  /// The observed activity of the log, for a check of its silence.
  var silence: LogSilenceCheck?
}

extension TaskRunner {
  /// Starts a check when it is time for one.
  func checkHealth(at now: Duration) {
    if let end = health.commandEnd, now >= end { health.command?.kill() }
    guard let monitor = health.monitor, let next = health.next, now >= next else { return }
    if Links.exists(paths.sandbox + "/.healthchecksnooze") {
      health.monitor?.pause()
      health.next = now + monitor.delay(at: now)
      return
    }
    health.next = nil
    let timeout = monitor.configuration.timeout
    do throws(ExecutorError) {
      switch monitor.configuration.checker {
      case .http(let checker):
        let response = try checker.expectedResponse.map(bind)
        if let base = checker.base {
          let check = HTTPCheck(
            base: try bind(base), path: try bind(checker.endpoint), expectedResponse: response,
            expectedCode: checker.expectedCode, timeout: timeout)
          try checkInBackground { check.problem() }
          return
        }
        guard let port = assignment.ports[checker.port] else {
          // As in Aurora: without the port, nothing is checked, and the task counts as healthy.
          return checked(problem: nil)
        }
        let check = HTTPCheck(
          port: port, path: try bind(checker.endpoint), expectedResponse: response,
          expectedCode: checker.expectedCode, timeout: timeout)
        try checkInBackground { check.problem() }
      case .tcp(let name):
        guard let port = assignment.ports[name] else { return checked(problem: "the task has no port \"\(name)\"") }
        try checkInBackground { TCPCheck.problem(port: port, timeout: timeout) }
      case .shell(let command): try startShellCheck(command, timeout: timeout)
      case .logSilence(let checker):
        var check =
          health.silence
          ?? LogSilenceCheck(
            logs: paths.logs, processes: checker.process.map { [$0] } ?? task.processes.map(\.name),
            limit: checker.limit, startedAt: now)
        let problem = check.problem(at: now)
        health.silence = check
        checked(problem: problem)
      }
    } catch {
      checked(problem: Self.text(error))
    }
  }

  private func checkInBackground(_ check: @escaping @Sendable () -> String?) throws(ExecutorError) {
    try background.start(
      { .problem(check()) },
      receive: { [unowned self] result in
        if case .problem(let problem) = result { checked(problem: problem) }
      })
  }

  /// Runs the command in a sandbox like the processes', with their limits. Keeps only the end of its output.
  private func startShellCheck(_ command: String, timeout: Duration) throws(ExecutorError) {
    guard let sandbox else { throw .usage("no sandbox") }
    let launch = try sandbox.launch(
      settings.shellCommand(try bind(command)), environment: environment, hasTerminal: false)
    let pipe = try Pipe()
    Pipe.setNonBlocking(pipe.readEnd)
    let output = OutputTail(readEnd: pipe.readEnd)
    defer { close(pipe.writeEnd) }
    let id: Int32
    do throws(ExecutorError) {
      id = try children.start(launch, output: pipe.writeEnd, errors: pipe.writeEnd) { [unowned self] _, status in
        while let bytes = Pipe.readAvailable(output.readEnd), !bytes.isEmpty { output.add(bytes) }
        loop.unwatch(output.readEnd)
        close(output.readEnd)
        shellCheckEnded(status, output: output.text, timeout: timeout)
      }
    } catch {
      close(pipe.readEnd)
      throw error
    }
    health.command = StartedRun(id: id, launch: launch)
    health.commandEnd = Monotonic.now() + timeout
    loop.watch(pipe.readEnd) { [unowned self] in
      if !output.pass() { loop.unwatch(output.readEnd) }
    }
  }

  private func shellCheckEnded(_ status: ExitStatus, output: String, timeout: Duration) {
    guard let command = health.command else { return }
    command.update()
    let isLate = health.commandEnd.map { Monotonic.now() >= $0 } ?? false
    health.command = nil
    health.commandEnd = nil
    let text = Self.tail(output).suffix(300)
    let ending = text.isEmpty ? "" : ": \(text)"
    switch command.ending ?? status {
    case .exited(0): checked(problem: nil)
    case _ where isLate:
      checked(problem: "the command took longer than \(Double(timeout.wholeMilliseconds) / 1000) s\(ending)")
    case _ where command.problem != nil:
      checked(problem: "the command could not be started: \(command.problem ?? "")")
    case .exited(let code): checked(problem: "the command exited with \(code)\(ending)")
    case .signalled(let signal): checked(problem: "the command was ended by signal \(signal)\(ending)")
    }
  }

  /// A text as one word of a shell command.
  static func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }

  private func checked(problem: String?) {
    // A check's finding while the task is being stopped is ignored.
    guard phase == .active, health.monitor != nil else { return }
    let now = Monotonic.now()
    let verdict = health.monitor?.record(problem: problem, at: now) ?? .undecided
    let report = HealthReport(
      healthy: problem == nil, consecutiveFailures: health.monitor?.failures ?? 0, message: problem)
    // A record for each change, not for each check.
    if report != health.report { checkpoint.append(.health(report)) }
    health.report = report
    health.next = now + (health.monitor?.delay(at: now) ?? .zero)
    switch verdict {
    case .undecided: break
    case .healthy: self.report(.running)
    case .unhealthy(let reason): stop(.failed(reason: reason), from: .quit)
    }
  }
}

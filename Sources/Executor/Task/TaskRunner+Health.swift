import Glibc
import JobModel

/// Where the health checks of a task stand.
struct HealthChecking {
  var monitor: HealthMonitor?
  /// When the next check begins; nil while one is under way, and without checks.
  var next: Duration?
  /// The shell command under way.
  var child: Int32?
  var report: HealthReport?
  var count = 0
  /// When the first check could begin, in nanoseconds since 1970.
  var started: Int64 = 0
}

extension TaskRunner {
  /// Starts a check when it is time for one.
  func checkHealth(at now: Duration) {
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
          // As in Aurora: without the port there is nothing to check, and the task counts as healthy.
          return checked(problem: nil)
        }
        let check = HTTPCheck(
          port: port, path: try bind(checker.endpoint), expectedResponse: response,
          expectedCode: checker.expectedCode, timeout: timeout)
        try checkInBackground { check.problem() }
      case .tcp(let name):
        guard let port = assignment.ports[name] else { return checked(problem: "the task has no port '\(name)'") }
        try checkInBackground { TCPCheck.problem(port: port, timeout: timeout) }
      case .shell(let command): try startShellCheck(command, timeout: timeout)
      case .logSilence(let checker):
        let check = LogSilenceCheck(
          logs: paths.logs, processes: checker.process.map { [$0] } ?? task.processes.map(\.name),
          limit: checker.limit, started: health.started)
        try checkInBackground { check.problem() }
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

  /// Runs the command in a sandbox like that of the processes. timeout(1) bounds it from inside, where it can tell
  /// the command from what bubblewrap needs to live; its exit code 124 is a check that took too long.
  private func startShellCheck(_ command: String, timeout: Duration) throws(ExecutorError) {
    guard let sandbox else { throw .usage("no sandbox") }
    let label = ".health.\(health.count)"
    health.count += 1
    let seconds = Double(timeout.wholeMilliseconds) / 1000
    let bounded = "exec timeout --kill-after=1 \(seconds) \(settings.shell) -c \(Self.quoted(try bind(command)))"
    let launch = try sandbox.launch(cmdline: bounded, environment: environment, label: label)
    let outputPath = "\(paths.run)/\(label).output"
    let output = open(outputPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard output >= 0 else { throw .last("open", outputPath) }
    defer { close(output) }
    health.child = try start(launch, output: output, errors: output) { [unowned self] _, status in
      health.child = nil
      let text = Self.tail(SmallFile.read(outputPath) ?? "").suffix(300)
      for suffix in ["options", "status", "environment", "output"] { unlink("\(paths.run)/\(label).\(suffix)") }
      switch status {
      case .exited(0): checked(problem: nil)
      case .exited(124): checked(problem: "the command took longer than \(seconds) s")
      case .exited(let code): checked(problem: "the command exited with \(code)" + (text.isEmpty ? "" : ": \(text)"))
      case .signalled(let signal): checked(problem: "the command was ended by signal \(signal)")
      }
    }
  }

  /// A text as one word of a shell command.
  static func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }

  private func checked(problem: String?) {
    // What a check finds while the task is being stopped says nothing.
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

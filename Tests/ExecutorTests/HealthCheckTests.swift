import Executor
import Glibc
import JobModel
import SystemSupport
import TestServers
import Testing

/// Real servers under real checks.
@Suite(.serialized) struct HealthCheckTests {
  typealias Fixture = TaskFixture

  /// A server of Python's that answers `/health` with `ok` until a file `wedged` appears: then it answers nothing.
  private static let server = """
    import http.server, os, sys, time
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            while os.path.exists('wedged'): time.sleep(0.05)
            body = b'OK' + bytes([10])
            self.send_response(200)
            self.send_header('Content-Length', str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        def log_message(self, *arguments): pass
    http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
    """

  private func startServer(_ fixture: TaskFixture, check: HealthCheckConfiguration, setup: String = "") throws {
    let python = try Fixture.python()
    try fixture.start(
      Fixture.task([
        Fixture.process(
          "server",
          "cat > s.py <<'END'\n\(Self.server)\nEND\n\(setup)\nexec \(python.program) s.py {{thermos.ports[health]}}")
      ]), healthCheck: check, ports: ["health": LoopbackPorts.free()]
    ) { $0.readOnly = python.readOnly }
  }

  private func touch(_ fixture: TaskFixture, _ name: String) throws {
    try FileSystem.write(text: "", to: FilePath(fixture.directory.paths.sandbox + "/" + name))
  }

  @Test func aTaskRunsOnlyOnceItIsHealthyAndAWedgedServerIsReplaced() throws {
    let fixture = try Fixture()
    try startServer(
      fixture,
      check: HealthCheckConfiguration(
        checker: .http(HTTPHealthChecker()), initialInterval: .seconds(30), interval: .milliseconds(100),
        timeout: .milliseconds(300), maxConsecutiveFailures: 1, minConsecutiveSuccesses: 2))
    try fixture.waitUntilRunning()
    let states = try fixture.directory.checkpoint()?.records.compactMap { record in
      switch record.kind {
      case .taskState(let status, _): status.rawValue
      case .health(let report): report.healthy ? "healthy" : "unhealthy"
      default: nil
      }
    }
    #expect(states?.first == "STARTING")
    #expect(states?.suffix(2) == ["healthy", "RUNNING"])
    try fixture.directory.requestStop()
    #expect(try fixture.finish().status == .killed)
  }

  @Test func aWedgedServerFailsItsTaskWithTheReason() throws {
    let fixture = try Fixture()
    try startServer(
      fixture,
      check: HealthCheckConfiguration(
        checker: .http(HTTPHealthChecker()), initialInterval: .seconds(2), interval: .milliseconds(100),
        timeout: .milliseconds(300), maxConsecutiveFailures: 1))
    try fixture.waitUntilRunning()
    try touch(fixture, "wedged")
    let event = try fixture.finish()
    #expect(event.status == .failed)
    #expect(event.message?.hasPrefix("Failed health check 2 times in a row: no answer in time from") == true)
    #expect(try fixture.ends(of: "server").map(\.status) == [.killed])
  }

  @Test func aSnoozeFilePausesTheChecks() throws {
    let fixture = try Fixture()
    try startServer(
      fixture,
      check: HealthCheckConfiguration(
        checker: .http(HTTPHealthChecker()), initialInterval: .milliseconds(1500), interval: .milliseconds(50),
        timeout: .milliseconds(200)), setup: "while sleep 0.02; do :; done &")
    try fixture.waitUntilRunning()
    try touch(fixture, ".healthchecksnooze")
    // A check that had begun before may still end.
    usleep(300_000)
    try touch(fixture, "wedged")
    var samples = 0
    var follower = CheckpointFollower(fixture.directory)
    _ = try follower.poll()
    while samples < 20 {
      for record in try follower.poll() { if case .resources = record.kind { samples += 1 } }
      usleep(20_000)
    }
    #expect(try fixture.directory.checkpoint()?.lastEvent?.status == .running)
    try FileSystem.removeFile(FilePath(fixture.directory.paths.sandbox + "/.healthchecksnooze"))
    #expect(try fixture.finish().status == .failed)
  }

  @Test func aTaskThatNeverBecomesHealthyFails() throws {
    let fixture = try Fixture()
    try fixture.start(
      Fixture.task([Fixture.process("idle", "sleep 600")]),
      healthCheck: HealthCheckConfiguration(
        checker: .tcp(port: "http"), initialInterval: .milliseconds(200), interval: .milliseconds(100),
        timeout: .milliseconds(100), maxConsecutiveFailures: 2), ports: ["http": try LoopbackPorts.free()])
    let event = try fixture.finish()
    #expect(event.status == .failed)
    #expect(event.message?.hasPrefix("Failed health check 3 times in a row: no connection to port") == true)
  }

  @Test func aShellCheckRunsInTheSandboxAndIsBoundedInTime() throws {
    let fixture = try Fixture()
    let check = HealthCheckConfiguration(
      checker: .shell(command: "test \"$PWD\" = /sandbox || exit 9; test -e hang && sleep 600; test -e 'it'\\''s up'"),
      initialInterval: .seconds(20), interval: .milliseconds(100), timeout: .milliseconds(500))
    try fixture.start(
      Fixture.task([Fixture.process("main", "touch \"it's up\"; exec sleep 600")]), healthCheck: check)
    try fixture.waitUntilRunning()
    try touch(fixture, "hang")
    try fixture.directory.requestStop()
    #expect(try fixture.finish().status == .killed)

    let failing = try Fixture()
    try failing.start(
      Fixture.task([Fixture.process("main", "exec sleep 600")]),
      healthCheck: HealthCheckConfiguration(
        checker: .shell(command: "echo why; exit 4"), initialInterval: .zero, interval: .milliseconds(50)))
    let event = try failing.finish()
    #expect(event.status == .failed)
    #expect(event.message == "Failed health check: the command exited with 4: why")

    let slow = try Fixture()
    try slow.start(
      Fixture.task([Fixture.process("main", "exec sleep 600")]),
      healthCheck: HealthCheckConfiguration(
        checker: .shell(command: "sleep 600"), initialInterval: .zero, interval: .milliseconds(50),
        timeout: .milliseconds(300)))
    #expect(try slow.finish().message == "Failed health check: the command took longer than 0.3 s")
  }

  @Test("A process whose log is silent for longer than the limit fails its task")
  func logSilence() throws {
    let fixture = try Fixture()
    try fixture.start(
      Fixture.task([
        Fixture.process(
          "talker", "i=0; while [ ! -e quiet ]; do echo $i; sleep 0.1; done; touch silent; exec sleep 600"),
        Fixture.process("other", "while true; do echo other; sleep 0.1; done"),
      ]),
      healthCheck: HealthCheckConfiguration(
        checker: .logSilence(LogSilenceChecker(process: "talker", limit: .seconds(5))), initialInterval: .zero,
        interval: .milliseconds(100)))
    try fixture.waitUntilRunning()
    try touch(fixture, "quiet")
    let event = try fixture.finish()
    #expect(event.status == .failed)
    #expect(event.message?.hasPrefix("Failed health check: \"talker\" wrote nothing to its log for ") == true)
    #expect(event.message?.hasSuffix(", limit 5 s") == true)
    #expect(FileSystem.exists(FilePath(fixture.directory.paths.sandbox + "/silent")))
  }

  @Test("A health check of another service connects to that service, not to the task")
  func otherService() throws {
    let server = try Fixture()
    try startServer(
      server, check: HealthCheckConfiguration(checker: .http(HTTPHealthChecker()), initialInterval: .seconds(20)))
    try server.waitUntilRunning()
    let port = try #require(try server.directory.assignment().ports["health"])
    let fixture = try Fixture()
    try fixture.start(
      Fixture.task([Fixture.process("main", "exec sleep 600")]),
      healthCheck: HealthCheckConfiguration(
        checker: .http(HTTPHealthChecker(base: "http://127.0.0.1:\(port)")), initialInterval: .seconds(20),
        interval: .milliseconds(100)))
    try fixture.waitUntilRunning()
    try server.directory.requestStop()
    _ = try server.finish()
    let event = try fixture.finish()
    #expect(event.status == .failed && event.message?.hasPrefix("Failed health check: ") == true)
  }
}

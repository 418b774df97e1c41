import Executor
import Glibc
import JobModel
import SystemSupport
import Testing

/// When the built executor announces its task.
@Suite struct AnnouncementTests {
  private static func announcements(_ checkpoint: Checkpoint) -> [(Announcement?, reason: String?)] {
    checkpoint.records.compactMap {
      if case .announcement(let value, let reason) = $0.kind { (value, reason) } else { nil }
    }
  }

  private static let expected = Announcement(
    host: "testhost", port: 4711, endpoints: ["http": 4711, "admin": 4712, "aurora": 4711])

  @Test("A running task is announced, and withdrawn before its processes are asked to stop")
  func stop() throws {
    let fixture = try TaskFixture()
    try fixture.start(
      TaskFixture.task([
        TaskFixture.process(
          "server", "trap 'cp ../checkpoint seen; exit 0' TERM; touch up; while :; do sleep 0.05; done")
      ]), announce: Announcer(), ports: ["http": 4711, "admin": 4712], options: { $0.isolation = .none })
    try fixture.wait(for: "it is announced") { Self.announcements($0).count == 1 }
    try fixture.waitForFile("up")
    #expect(try Self.announcements(#require(try fixture.directory.checkpoint())).first?.0 == Self.expected)
    try fixture.directory.requestStop()
    let event = try fixture.finish()
    #expect(event.status == .killed)
    let checkpoint = try #require(try fixture.directory.checkpoint())
    #expect(Self.announcements(checkpoint).map(\.reason) == [nil, "the task is being stopped"])
    // The run ends after the withdrawal and the time that consumers get.
    let withdrawn = checkpoint.records.last { if case .announcement = $0.kind { true } else { false } }
    let ended = checkpoint.records.last { if case .process = $0.kind { true } else { false } }
    let between = (ended?.time.milliseconds ?? 0) - (withdrawn?.time.milliseconds ?? 0)
    #expect(between >= 1000, "\(between) ms")
  }

  @Test("A task whose health check fails is withdrawn, and announced again when the check succeeds")
  func health() throws {
    let fixture = try TaskFixture()
    try fixture.start(
      TaskFixture.task([TaskFixture.process("server", "touch healthy up; sleep 1000")]),
      healthCheck: HealthCheckConfiguration(
        checker: .shell(command: "test -e healthy"), initialInterval: .seconds(60), interval: .milliseconds(50),
        timeout: .seconds(20), maxConsecutiveFailures: 100_000),
      announce: Announcer(), ports: ["http": 4711, "admin": 4712])
    try fixture.wait(for: "it is announced") { Self.announcements($0).count == 1 }
    try FileSystem.removeFile(FilePath(fixture.directory.paths.sandbox + "/healthy"))
    try fixture.wait(for: "it is withdrawn") { Self.announcements($0).count == 2 }
    try FileSystem.write(text: "", to: FilePath(fixture.directory.paths.sandbox + "/healthy"), permissions: 0o644)
    try fixture.wait(for: "it is announced again") { Self.announcements($0).count == 3 }
    let found = Self.announcements(try #require(try fixture.directory.checkpoint()))
    #expect(found.map(\.0) == [Self.expected, nil, Self.expected])
    #expect(found[1].reason?.hasPrefix("the health check fails: the command exited with 1") == true)
  }

  @Test("A task without an announcer, or without its port, is not announced")
  func none() throws {
    for (announcer, ports) in [(nil, ["http": 1]), (Announcer(primaryPort: "web"), ["http": 1])] {
      let fixture = try TaskFixture()
      try fixture.start(TaskFixture.task([TaskFixture.process("p", "true")]), announce: announcer, ports: ports)
      _ = try fixture.finish()
      #expect(Self.announcements(try #require(try fixture.directory.checkpoint())).isEmpty)
    }
  }
}

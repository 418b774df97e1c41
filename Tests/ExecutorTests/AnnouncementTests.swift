import Executor
import Glibc
import JobModel
import SystemSupport
import TestServers
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

  @Test("A task stays up until its clients have their answers, and not for all of drain_secs")
  func drainedByItsClients() throws {
    let fixture = try TaskFixture()
    let (python, readOnly) = try TaskFixture.python()
    let port = try LoopbackPorts.free()
    // One request, which is answered when the file is there.
    let server = """
      exec \(python) -c '
      import os, socket, time
      one = socket.create_server(("127.0.0.1", \(port)))
      open("up", "w")
      client, _ = one.accept()
      while not os.path.exists("answer"): time.sleep(0.02)
      client.sendall(b"answer")
      client.close()
      time.sleep(1000)'
      """
    try fixture.start(
      TaskFixture.task([TaskFixture.process("server", server)]), drain: .seconds(3600), announce: Announcer(),
      ports: ["http": port], options: { $0.readOnly = readOnly })
    try fixture.wait(for: "it is announced") { Self.announcements($0).count == 1 }
    try fixture.waitForFile("up")
    let client = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let isConnected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    try #require(isConnected)
    try fixture.directory.requestStop()
    try fixture.wait(for: "it is withdrawn") { Self.announcements($0).count == 2 }
    // Longer than the least pause: the connection alone holds the task.
    pauseMilliseconds(1500)
    #expect(fixture.directory.presence == .alive)
    try FileSystem.write(text: "", to: FilePath(fixture.directory.paths.sandbox + "/answer"), permissions: 0o644)
    var answer = [UInt8](repeating: 0, count: 16)
    #expect(read(client, &answer, answer.count) == 6)
    close(client)
    #expect(try fixture.finish().status == .killed)
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

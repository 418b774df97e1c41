import Executor
import Glibc
import JobModel
import SystemSupport
import Testing

/// How a task is ended, and what an executor survives.
@Suite(.serialized) struct StoppingTests {
  typealias Fixture = TaskFixture

  @Test func aStopLetsProcessesEndByThemselves() throws {
    let fixture = try Fixture()
    try fixture.start(
      Fixture.task([
        Fixture.process("main", "trap 'echo bye > ended; exit 0' TERM; touch ready; while :; do sleep 0.05; done"),
        Fixture.process("last", "cp ended final", final: true),
      ]))
    try fixture.waitForFile("ready")
    #expect(try fixture.directory.requestStop())
    #expect(try fixture.finish().status == .killed)
    #expect(try fixture.file("final") == "bye\n")
  }

  @Test func aProcessDeafToTheStopIsKilledAfterItsTime() throws {
    let fixture = try Fixture()
    try fixture.start(
      Fixture.task(
        [Fixture.process("deaf", "trap '' TERM; touch ready; while :; do sleep 0.05; done")],
        finalizationWait: .milliseconds(300)))
    try fixture.waitForFile("ready")
    try fixture.directory.requestStop()
    #expect(try fixture.finish().status == .killed)
    #expect(try fixture.ends(of: "deaf").map(\.status) == [.killed])
  }

  @Test func aSecondStopDoesNotWait() throws {
    let fixture = try Fixture()
    try fixture.start(
      Fixture.task(
        [Fixture.process("deaf", "trap 'touch asked' TERM; touch ready; while :; do sleep 0.05; done")],
        finalizationWait: .seconds(3600)))
    try fixture.waitForFile("ready")
    try fixture.directory.requestStop()
    try fixture.waitForFile("asked")
    try fixture.directory.requestStop()
    #expect(try fixture.finish().status == .killed)
  }

  @Test func theTaskIsAskedOverHTTPFirst() throws {
    let python = try Fixture.python()
    let port = try Fixture.freePort()
    let fixture = try Fixture()
    let server = """
      import http.server, os, sys
      class Handler(http.server.BaseHTTPRequestHandler):
          def do_POST(self):
              open('asked', 'a').write(self.path + chr(10))
              self.send_response(200); self.end_headers()
              if self.path == '/abort': self.wfile.flush(); os._exit(0)
          def log_message(self, *arguments): pass
      server = http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), Handler)
      open('ready', 'w').close()
      server.serve_forever()
      """
    let lifecycle = LifecycleConfiguration(
      port: "http", gracefulShutdownEndpoint: "/quit", shutdownEndpoint: "/abort",
      gracefulShutdownWait: .milliseconds(200), shutdownWait: .seconds(3600))
    try fixture.start(
      Fixture.task([
        Fixture.process(
          "server",
          "cat > s.py <<'END'\n\(server)\nEND\ntrap 'touch terminated' TERM\n\(python.program) s.py {{thermos.ports[http]}}"
        )
      ]), lifecycle: lifecycle, ports: ["http": port]
    ) { $0.readOnly = python.readOnly }
    try fixture.waitForFile("ready")
    try fixture.directory.requestStop()
    #expect(try fixture.finish().status == .killed)
    #expect(try fixture.file("asked") == "/quit\n/abort\n")
    #expect(throws: (any Error).self) { try fixture.file("terminated") }
  }

  @Test func theTaskOutlivesWhoeverStartedItsExecutor() throws {
    let fixture = try Fixture()
    // A parent between the tests and the executor: killed without a word, as a scheduler may be.
    try fixture.startBehindParent(Fixture.task([Fixture.process("main", "touch ready; sleep 600")]))
    try fixture.waitForFile("ready")
    try fixture.killParent()
    #expect(fixture.directory.presence == .alive)
    let id = try #require(try fixture.directory.executorProcess()).id
    #expect(isAlive(id))
    // Whoever comes next finds it, follows it, and can end it.
    var follower = CheckpointFollower(fixture.directory)
    #expect(try follower.poll().contains { if case .taskState(.running, _) = $0.kind { true } else { false } })
    try fixture.directory.requestStop()
    try fixture.wait(for: "the task is killed") { $0.lastEvent?.status == .killed }
    #expect(try follower.poll().contains { if case .taskState(.killed, _) = $0.kind { true } else { false } })
    #expect(try follower.poll() == [])
  }

  @Test func theProcessesDieWithAKilledExecutor() throws {
    for isolation in [Isolation.bubblewrap, .none] {
      let fixture = try Fixture()
      try fixture.start(
        Fixture.task([
          Fixture.process("main", "setsid sleep 600 & touch ready; wait"), Fixture.process("other", "exec sleep 600"),
        ])
      ) { $0.isolation = isolation }
      try fixture.waitForFile("ready")
      let groups = try fixture.controlGroups()
      try fixture.killExecutor()
      #expect(fixture.directory.presence == .gone)
      // Without isolation what has detached itself is left: the control group finds it.
      try fixture.directory.killLeftovers()
      #expect(groups.filter { access($0, F_OK) == 0 } == [])
      #expect(try fixture.directory.checkpoint()?.lastEvent?.status == .running)
      // A new executor on the same directory gives the task an end.
      let (_, event) = try fixture.restart()
      #expect(event.status == .failed)
      #expect(event.message == "the executor of this task was killed")
    }
  }

  @Test func twoExecutorsNeverRunOneTask() throws {
    let fixture = try Fixture()
    try fixture.start(Fixture.task([Fixture.process("main", "touch ready; sleep 600")]))
    try fixture.waitForFile("ready")
    let (code, event) = try fixture.restart()
    #expect(code == 2)
    #expect(event.status == .running)
    try fixture.directory.requestStop()
    #expect(try fixture.finish().status == .killed)
    // Nor does one run a task again that has ended.
    let (again, last) = try fixture.restart()
    #expect(again == 0)
    #expect(last.status == .killed)
  }
}

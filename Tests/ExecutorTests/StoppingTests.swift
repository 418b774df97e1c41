import Executor
import Glibc
import JobModel
import SystemSupport
import TestServers
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

  @Test("Processes continue during drain_secs, and a second stop ends the wait", arguments: [1, 3600])
  func drain(seconds: Int) throws {
    let fixture = try Fixture()
    let script =
      "trap 'touch asked; exit 0' TERM; touch ready; while :; do echo >> ticks; sleep 0.02; done"
    try fixture.start(Fixture.task([Fixture.process("main", script)]), drain: .seconds(seconds))
    try fixture.waitForFile("ready")
    #expect(try fixture.directory.requestStop())
    let before = try fixture.file("ticks").utf8.count
    var waited = 0
    while try fixture.file("ticks").utf8.count < before + 4, waited < 1000 {
      pauseMilliseconds(10)
      waited += 1
    }
    #expect(try fixture.file("ticks").utf8.count >= before + 4, "the process was asked to stop at once")
    if seconds > 60 { #expect(try fixture.directory.requestStop()) }
    #expect(try fixture.finish().status == .killed)
    #expect(try fixture.file("asked").isEmpty)
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
    let port = try LoopbackPorts.free()
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
    // The end is recorded before the executor has ended.
    try fixture.waitUntilGone()
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

  /// A server that takes its time: it has done its work a while after SIGTERM.
  private static let server =
    "sh -c 'trap \"sleep 0.7; echo ended >> ended; exit 0\" TERM; echo ready >> ready; while :; do sleep 0.02; done'"

  @Test(
    "Every process that a shell has started gets the whole finalization wait", arguments: [Isolation.bubblewrap, .none])
  func everyProcessGetsItsTime(isolation: Isolation) throws {
    let shapes: [(line: String, count: Int)] = [
      (Self.server + "; echo done", 1),
      (Self.server + " | cat > log", 1),
      (Self.server + " & " + Self.server + " & wait", 2),
      ("(setsid " + Self.server + " &); sleep 600", 1),
      (
        "printf '%s\\n' \"" + Self.server.replacing("\"", with: "\\\"")
          + "\" 'echo after > after' > s.sh; sh s.sh; true", 1
      ),
    ]
    for (line, count) in shapes {
      let fixture = try Fixture()
      try fixture.start(Fixture.task([Fixture.process("main", line)], finalizationWait: .seconds(60))) {
        $0.isolation = isolation
      }
      try fixture.waitForLines("ready", count)
      try fixture.directory.requestStop()
      #expect(try fixture.finish().status == .killed)
      #expect(try fixture.file("ended").split(separator: "\n").count == count, "\(line)")
      #expect(try fixture.ends(of: "main").map(\.status) == [.killed])
    }
  }

  @Test("A process that reads a pipe receives the last output of its writer", arguments: [Isolation.bubblewrap, .none])
  func readersEndWithTheirWriters(isolation: Isolation) throws {
    let fixture = try Fixture()
    try fixture.start(
      Fixture.task(
        [
          Fixture.process(
            "main",
            "sh -c 'trap \"sleep 0.5; echo last words; exit 0\" TERM; touch ready; while :; do sleep 0.02; done' | tee log"
          )
        ], finalizationWait: .seconds(60))
    ) { $0.isolation = isolation }
    try fixture.waitForFile("ready")
    try fixture.directory.requestStop()
    #expect(try fixture.finish().status == .killed)
    #expect(try fixture.file("log") == "last words\n")
  }

  @Test("An exit by signal is recorded as one", arguments: [Isolation.bubblewrap, .none])
  func exitBySignal(isolation: Isolation) throws {
    let fixture = try Fixture()
    let event = try fixture.run(
      Fixture.task(
        [
          Fixture.process("segv", "kill -SEGV $$"), Fixture.process("kill", "sh -c 'kill -KILL $$'; exit $?"),
          Fixture.process("code", "exit 139"),
        ], maxFailures: 3)
    ) { $0.isolation = isolation }
    #expect(event.status == .failed)
    let segv = try fixture.ends(of: "segv").first
    #expect(segv?.signal == SIGSEGV && segv?.exitCode == nil)
    // What the shell makes of its child's end is an exit code, and a code above 128 is no signal.
    #expect(try fixture.ends(of: "kill").first?.exitCode == 137)
    let code = try fixture.ends(of: "code").first
    #expect(code?.exitCode == 139 && code?.signal == nil)
  }

  @Test("A failed task names the end of its process") func failureNamesTheEnding() throws {
    let fixture = try Fixture()
    let event = try fixture.run(Fixture.task([Fixture.process("main", "kill -SEGV $$")]))
    #expect(event.message == "process \"main\" failed once: \"main\" was ended by signal 11 (Segmentation fault)")
    let second = try Fixture()
    #expect(
      try second.run(Fixture.task([Fixture.process("main", "exit 3")])).message
        == "process \"main\" failed once: \"main\" exited with code 3")
  }

  @Test("The start of a process is outside of the task's control group") func startsOutsideOfTheGroup() throws {
    let fixture = try Fixture()
    try fixture.start(Fixture.task([Fixture.process("main", "touch ready; exec sleep 600")]))
    try fixture.waitForFile("ready")
    let groups = try fixture.controlGroups()
    try #require(!groups.isEmpty, "this machine makes no control groups")
    let sandbox = try #require(
      try fixture.directory.checkpoint()?.processes.first?.pid, "the run has no process")
    // In the hierarchies that limit: in version 1, those with a file `tasks`.
    let limiting = groups.filter { access($0 + "/tasks", F_OK) == 0 }
    for group in limiting.isEmpty ? groups : limiting {
      let members = try FileSystem.readText(FilePath(group + "/cgroup.procs")).split(separator: "\n")
      #expect(members.count == 1 && !members.contains("\(sandbox)"))
    }
    try fixture.directory.requestStop()
    #expect(try fixture.finish().status == .killed)
  }
}

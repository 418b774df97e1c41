import Executor
import JobModel
import Testing

/// Real tasks: which processes run, when, and how the task ends.
@Suite(.serialized) struct ProcessOrderTests {
  typealias Fixture = TaskFixture

  @Test func processesRunInTheOrderOfTheConstraints() throws {
    let fixture = try Fixture()
    let event = try fixture.run(
      Fixture.task(
        [
          Fixture.process("third", "echo third >> order"), Fixture.process("first", "sleep 0.2; echo first >> order"),
          Fixture.process("second", "echo second >> order"),
        ], order: [["first", "second", "third"]]))
    #expect(event.status == .finished)
    #expect(try fixture.file("order") == "first\nsecond\nthird\n")
    #expect(try fixture.controlGroups() == [])
  }

  @Test func aFailedProcessIsRunAgainAsOftenAsItMayFail() throws {
    let fixture = try Fixture()
    let event = try fixture.run(
      Fixture.task([Fixture.process("flaky", "echo run >> runs; test $(wc -l < runs) -ge 3", maxFailures: 5)]))
    #expect(event.status == .finished)
    #expect(try fixture.ends(of: "flaky").map(\.status) == [.failed, .failed, .success])
  }

  @Test func aTaskFailsWithTheNameOfTheProcessThatFailed() throws {
    let fixture = try Fixture()
    let event = try fixture.run(
      Fixture.task([Fixture.process("bad", "exit 3", maxFailures: 2), Fixture.process("long", "sleep 600")]))
    #expect(event.status == .failed)
    #expect(event.message == "process \"bad\" failed 2 times: \"bad\" exited with code 3")
    #expect(try fixture.ends(of: "bad").map(\.exitCode) == [3, 3])
    #expect(try fixture.ends(of: "long").map(\.status) == [.killed])
  }

  @Test func whatWaitsForAFailedProcessNeverStarts() throws {
    let fixture = try Fixture()
    let event = try fixture.run(
      Fixture.task(
        [Fixture.process("bad", "exit 1"), Fixture.process("after", "touch ran")], order: [["bad", "after"]],
        maxFailures: 0))
    #expect(event.status == .failed)
    #expect(
      event.message == "process \"after\" can never start: a process before it has failed: \"bad\" exited with code 1")
    #expect(throws: (any Error).self) { try fixture.file("ran") }
  }

  @Test func aDaemonIsRunAgainAndAnEphemeralProcessDoesNotKeepTheTaskAlive() throws {
    let fixture = try Fixture()
    let event = try fixture.run(
      Fixture.task([
        Fixture.process("main", "until test -e again; do sleep 0.05; done"),
        Fixture.process("tick", "test -e once && touch again; touch once; sleep 0.05", daemon: true, ephemeral: true),
        Fixture.process("side", "sleep 600", ephemeral: true),
      ]))
    #expect(event.status == .finished)
    #expect(try fixture.ends(of: "tick").count >= 2)
    #expect(try fixture.ends(of: "side").map(\.status) == [.killed])
  }

  @Test func finalProcessesRunAfterSuccessAndAfterFailure() throws {
    for (command, status) in [("true", TaskStatus.finished), ("false", .failed)] {
      let fixture = try Fixture()
      let event = try fixture.run(
        Fixture.task([
          Fixture.process("main", "touch main; \(command)"),
          Fixture.process("report", "test -e main && touch reported", final: true),
        ]))
      #expect(event.status == status)
      #expect(try fixture.file("reported") == "")
    }
  }

  @Test func aFinalProcessThatTakesTooLongIsEnded() throws {
    let fixture = try Fixture()
    let event = try fixture.run(
      Fixture.task(
        [Fixture.process("main", "true"), Fixture.process("endless", "sleep 600", final: true)],
        finalizationWait: .milliseconds(300)))
    #expect(event.status == .finished)
    #expect(try fixture.ends(of: "endless").map(\.status) == [.killed])
  }

  @Test func noMoreProcessesRunAtOnceThanAllowed() throws {
    let fixture = try Fixture()
    // Each makes a directory that the others must not find.
    let body = "mkdir busy && sleep 0.1 && rmdir busy"
    let event = try fixture.run(
      Fixture.task((0..<4).map { Fixture.process("p\($0)", body) }, maxConcurrency: 1))
    #expect(event.status == .finished)
  }

  @Test func aCycleOfConstraintsIsRefusedAndRecorded() throws {
    let fixture = try Fixture()
    let event = try fixture.run(
      Fixture.task(
        [Fixture.process("a", "true"), Fixture.process("b", "true")], order: [["a", "b"], ["b", "a"]]))
    #expect(event.status == .failed)
    #expect(event.message == "the constraints of task \"task\" form a cycle: a -> b -> a")
  }

  @Test func lateVariablesAndTheEnvironmentAreThere() throws {
    let fixture = try Fixture()
    try fixture.start(
      Fixture.task([
        Fixture.process(
          "show",
          "echo {{mesos.instance}} {{mesos.hostname}} {{thermos.ports[http]}} {{thermos.task_id}}; "
            + "echo $INSTANCE $HOSTNAME $PORT_http $TASK_ID $KILT_JOB_KEY $HOME $PWD $TMPDIR $PEX_ROOT; env | wc -l")
      ]), ports: ["http": 4711])
    #expect(try fixture.finish().status == .finished)
    let lines = try fixture.log("show").split(separator: "\n").map(String.init)
    let id = try fixture.directory.assignment().taskID
    try #require(lines.count >= 2)
    #expect(lines[0] == "3 testhost 4711 \(id)")
    #expect(lines[1] == "3 testhost 4711 \(id) test/nobody/devel/job /sandbox /sandbox /tmp /sandbox/.pex")
  }
}

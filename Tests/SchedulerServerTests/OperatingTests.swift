import Glibc
import HTTPClient
import JSON
import JobModel
import SchedulerClient
import SystemSupport
import TestServers
import Testing

/// `kilt scheduler backup`, `restore` and `drain` with the built programs.
@Suite(.serialized) struct OperatingTests {
  /// Runs `kilt scheduler VERB --state-directory …`; returns the exit code and both outputs.
  private func kilt(_ fixture: SchedulerFixture, _ verb: String, _ arguments: String...) throws -> (
    code: Int32, text: String
  ) {
    let outcome = try Subprocess(
      SchedulerFixture.program("kilt").string,
      ["scheduler", verb, "--state-directory", fixture.state.string] + arguments,
      environment: ["PATH=/usr/local/bin:/usr/bin:/bin", "HOME=\(fixture.scratch)"],
      workingDirectory: fixture.scratch, deadlineMilliseconds: 120_000
    ).run()
    guard case .exited(let code) = outcome.termination else { throw TestFailure() }
    return (code, outcome.text + "\n" + outcome.errorText)
  }

  @Test("A restored backup adopts running tasks that it lists, and ends the others")
  func restore() throws {
    let fixture = try SchedulerFixture()
    try fixture.client().create(fixture.job(instances: 1))
    let before = try fixture.waitUntilRunning(SchedulerFixture.key(), 1)
    let copy = fixture.scratch.appending("copy.sqlite")
    let backup = try kilt(fixture, "backup", copy.string)
    #expect(backup.code == 0 && backup.text.contains(copy.string), "\(backup.text)")
    let again = try kilt(fixture, "backup", copy.string)
    #expect(again.code == 2 && again.text.contains("the file exists"), "\(again.text)")
    try fixture.client().create(fixture.job("later", instances: 1))
    _ = try fixture.waitUntilRunning(SchedulerFixture.key("later"), 1)

    let busy = try kilt(fixture, "restore", copy.string)
    #expect(busy.code == 2 && busy.text.contains("stop it first"), "\(busy.text)")
    fixture.endScheduler(SIGTERM)
    let damaged = fixture.scratch.appending("damaged.sqlite")
    try FileSystem.write(try FileSystem.read(copy).prefix(6000) + [0], to: damaged)
    for path in [damaged, fixture.scratch.appending("absent")] {
      let refused = try kilt(fixture, "restore", path.string)
      #expect(refused.code == 2 || refused.code == 3, "\(refused.text)")
      #expect(refused.text.contains(path.string), "\(refused.text)")
    }
    let restored = try kilt(fixture, "restore", copy.string)
    #expect(restored.code == 0 && restored.text.contains("the former database is"), "\(restored.text)")
    try fixture.start()
    let after = try fixture.waitUntilRunning(SchedulerFixture.key(), 1)
    #expect(after.map(\.taskID) == before.map(\.taskID) && after.map(\.pids) == before.map(\.pids))
    #expect(try fixture.client().jobs().map(\.key) == [SchedulerFixture.key()])
    try waitUntil("the task that the backup does not know has ended") { fixture.processes().count == 1 }
  }

  @Test("A drain empties the machine as SLA policies allow, and its end restarts everything")
  func drain() throws {
    let fixture = try SchedulerFixture()
    var guarded = fixture.job("guarded", instances: 1)
    guarded.slaPolicy = .count(1, duration: .zero)
    try fixture.client().create(guarded)
    try fixture.client().create(fixture.job(instances: 1))
    _ = try fixture.waitUntilRunning(guarded.key, 1)
    _ = try fixture.waitUntilRunning(SchedulerFixture.key(), 1)
    let held = try kilt(fixture, "drain", "--wait", "--timeout", "1", "--reason", "a new kernel")
    #expect(held.code == 1 && held.text.contains("guarded/0 RUNNING, held by the job's SLA policy"), "\(held.text)")
    let waiting = try fixture.waitForInstances(SchedulerFixture.key(), "it waits") { $0.first?.status == .pending }
    #expect(waiting[0].message?.contains("drained") == true, "\(waiting)")
    let forced = try kilt(fixture, "drain", "--wait", "--patience", "0")
    #expect(forced.code == 0 && forced.text.contains("the machine is drained, 0 tasks run"), "\(forced.text)")
    #expect(fixture.processes().isEmpty)
    #expect(try fixture.request(.get, "/").text.contains("is being drained"))
    // It holds over a restart of the scheduler.
    fixture.endScheduler(SIGKILL)
    try fixture.start()
    let status = try kilt(fixture, "drain", "--status", "--format", "json")
    let json = try JSONValue(parsing: String(status.text.split(separator: "\n}")[0]) + "\n}")
    #expect(json["draining"] == true && json["tasks"]?.array?.isEmpty == true, "\(status.text)")
    #expect(try kilt(fixture, "drain", "--end").code == 0)
    _ = try fixture.waitUntilRunning(guarded.key, 1)
    _ = try fixture.waitUntilRunning(SchedulerFixture.key(), 1)
    let twice = try kilt(fixture, "drain", "--end")
    #expect(twice.code != 0 && twice.text.contains("not"), "\(twice.text)")
  }
}

import Glibc
import HTTPClient
import JSON
import JobModel
import SchedulerClient
import Synchronization
import SystemSupport
import TestServers
import Testing

/// The built scheduler, executor and real processes.
@Suite(.serialized) struct ServiceTests {
  @Test func instancesThatDieOrHangAreReplacedAtOnce() throws {
    let fixture = try SchedulerFixture()
    try fixture.client().create(fixture.job())
    let first = try fixture.waitUntilRunning()
    #expect(Set(first.map(\.instance)) == [0, 1])
    #expect(Set(first.compactMap { $0.ports["http"] }).count == 2)

    #expect(kill(try fixture.server(of: first[0]), SIGKILL) == 0)
    let second = try fixture.waitForInstances(SchedulerFixture.key(), "instance 0 is replaced") {
      $0.count == 2 && $0[0].taskID != first[0].taskID && $0.allSatisfy { $0.status == .running }
    }
    #expect(second[0].restarts >= 1)
    #expect(second[1].taskID == first[1].taskID && second[1].pids == first[1].pids)

    #expect(kill(try fixture.server(of: second[1]), SIGSTOP) == 0)
    let third = try fixture.waitForInstances(SchedulerFixture.key(), "instance 1 is replaced") {
      $0.count == 2 && $0[1].taskID != first[1].taskID && $0.allSatisfy { $0.status == .running }
    }
    #expect(third[0].taskID == second[0].taskID)
    let events = try fixture.client().job(SchedulerFixture.key())?.json["events"]?.array ?? []
    let failure = events.first { $0["taskID"]?.string == first[1].taskID.rawValue && $0["status"] == "FAILED" }
    #expect(failure?["message"]?.string?.hasPrefix("Failed health check") == true, "\(String(describing: failure))")
  }

  @Test func aKilledSchedulerFindsTheSameTasksAgain() throws {
    let fixture = try SchedulerFixture()
    try fixture.client().create(fixture.job())
    let before = try fixture.waitUntilRunning()
    let servers = Set(fixture.processes())
    #expect(fixture.endScheduler(SIGKILL) == nil)
    #expect(Set(fixture.processes()) == servers)
    try fixture.start()
    let after = try fixture.waitUntilRunning()
    #expect(after.map(\.taskID) == before.map(\.taskID))
    #expect(after.map(\.pids) == before.map(\.pids))
    #expect(after.map(\.executorPID) == before.map(\.executorPID))
    #expect(Set(fixture.processes()) == servers)
    // It looks after them as before.
    #expect(kill(try fixture.server(of: after[0]), SIGKILL) == 0)
    _ = try fixture.waitForInstances(SchedulerFixture.key(), "instance 0 is replaced") {
      $0.count == 2 && $0[0].taskID != before[0].taskID && $0.allSatisfy { $0.status == .running }
    }
  }

  @Test func whatDiesWhileNoSchedulerRunsIsReplacedAtTheStart() throws {
    let fixture = try SchedulerFixture()
    try fixture.client().create(fixture.job())
    let before = try fixture.waitUntilRunning()
    fixture.endScheduler(SIGKILL)
    let executor = try #require(before[0].executorPID)
    #expect(kill(executor, SIGKILL) == 0)
    #expect(kill(try fixture.server(of: before[1]), SIGKILL) == 0)
    try fixture.start()
    let after = try fixture.waitForInstances(SchedulerFixture.key(), "both are replaced") {
      $0.count == 2 && $0.allSatisfy { $0.status == .running && $0.restarts >= 1 }
    }
    #expect(Set(after.map(\.taskID)).isDisjoint(with: before.map(\.taskID)))
    #expect(fixture.processes().filter { id in after.contains { $0.pids.contains(id) } }.count <= 2)
  }

  @Test func aLostDatabaseEndsTheTasksAndLeavesTheirLogsAndOthersFiles() throws {
    let fixture = try SchedulerFixture()
    try fixture.client().create(fixture.job(instances: 1))
    let task = try fixture.waitUntilRunning(SchedulerFixture.key(), 1)[0].taskID
    let log = fixture.state.appending("tasks/\(task)/logs/server/0/stdout")
    try waitUntil("it has written its log") { try FileSystem.readText(log).contains("serving") }
    fixture.endScheduler(SIGKILL)
    for file in try FileSystem.list(fixture.state) where file.name.hasPrefix("scheduler.sqlite") {
      try FileSystem.removeFile(fixture.state.appending(file.name))
    }
    let foreign = fixture.state.appending("tasks/shopping")
    try FileSystem.createDirectories(foreign)
    try FileSystem.write(text: "milk", to: foreign.appending("list"))
    try fixture.start()
    try waitUntil("nothing runs") { fixture.processes().isEmpty }
    #expect(try fixture.client().jobs().isEmpty)
    #expect(try FileSystem.readText(foreign.appending("list")) == "milk")
    #expect(try FileSystem.readText(log).contains("serving"))
  }

  @Test func aKilledJobLeavesNothing() throws {
    let fixture = try SchedulerFixture()
    let client = try fixture.client()
    try client.create(fixture.job())
    let running = try fixture.waitUntilRunning()
    let groups = try fixture.controlGroups()
    if getuid() == 0 { #expect(!groups.isEmpty) }
    try client.kill(SchedulerFixture.key())
    try waitUntil("the job is gone") { try client.job(SchedulerFixture.key()) == nil }
    #expect(fixture.processes().isEmpty)
    for group in groups { #expect(access(group, F_OK) != 0, "\(group) is left") }
    // An executor reports the end before its own.
    try waitUntil("the executors have ended") { running.compactMap(\.executorPID).allSatisfy { kill($0, 0) != 0 } }
    // The same name can be used again.
    try client.create(fixture.job(instances: 1))
    _ = try fixture.waitUntilRunning(SchedulerFixture.key(), 1)
  }

  @Test func oneInstanceCanBeKilledAndRestartedAlone() throws {
    let fixture = try SchedulerFixture()
    let client = try fixture.client()
    try client.create(fixture.job())
    let first = try fixture.waitUntilRunning()
    try client.restart(SchedulerFixture.key(), instances: [1])
    let second = try fixture.waitForInstances(SchedulerFixture.key(), "instance 1 is restarted") {
      $0.count == 2 && $0[1].taskID != first[1].taskID && $0.allSatisfy { $0.status == .running }
    }
    #expect(second[0].taskID == first[0].taskID)
    // A restart is an update, and while one is in progress the job is locked.
    try waitUntil("the restart is over") {
      try client.job(SchedulerFixture.key())?.summary.update?.status.isTerminal ?? true
    }
    try client.kill(SchedulerFixture.key(), instances: [0])
    let third = try fixture.waitForInstances(SchedulerFixture.key(), "instance 0 is gone") { $0.count == 1 }
    #expect(third[0].taskID == second[1].taskID)
    #expect(throws: (any Error).self) { try client.kill(SchedulerFixture.key(), instances: [7]) }
    #expect(throws: (any Error).self) { try client.kill(SchedulerFixture.key("other")) }
  }

  @Test func stopTasksOnExitLeavesNothing() throws {
    let fixture = try SchedulerFixture(["--stop-tasks-on-exit"])
    try fixture.client().create(fixture.job())
    _ = try fixture.waitUntilRunning()
    let groups = try fixture.controlGroups()
    #expect(fixture.endScheduler(SIGTERM) == 0)
    #expect(fixture.processes().isEmpty)
    for group in groups { #expect(access(group, F_OK) != 0, "\(group) is left") }
  }

  @Test("With --stop-tasks-on-exit, a task that waits longer than the scheduler's patience is killed")
  func stopPatience() throws {
    let fixture = try SchedulerFixture(["--stop-tasks-on-exit", "--stop-patience", "1"])
    var job = fixture.job(instances: 1)
    job.task.processes[0].cmdline = "trap '' TERM; echo deaf; while :; do sleep 1; done # \(fixture.mark)"
    job.task.finalizationWait = .seconds(3600)
    job.healthCheck = nil
    try fixture.client().create(job)
    _ = try fixture.waitUntilRunning(job.key, 1)
    let groups = try fixture.controlGroups()
    #expect(fixture.endScheduler(SIGTERM) == 0)
    #expect(fixture.executors().isEmpty)
    #expect(fixture.processes().isEmpty)
    for group in groups { #expect(access(group, F_OK) != 0, "\(group) is left") }
  }

  @Test("A task whose assignment was damaged ends with the scheduler, and with a scheduler that does not know it")
  func damagedAssignment() throws {
    let fixture = try SchedulerFixture(["--stop-tasks-on-exit"])
    try fixture.client().create(fixture.job(instances: 1))
    _ = try fixture.waitUntilRunning(SchedulerFixture.key(), 1)
    let groups = try fixture.controlGroups()
    let tasks = fixture.state.appending("tasks")
    for entry in try FileSystem.list(tasks) {
      try FileSystem.write(text: "{\"task_id\": 7", to: tasks.appending(entry.name).appending("task.json"))
    }
    // Its executor dies, and cannot say how the task ended.
    for executor in fixture.executors() { #expect(kill(executor, SIGKILL) == 0) }
    try waitUntil("the first task is cleared") { groups.allSatisfy { access($0, F_OK) != 0 } }
    _ = try fixture.waitUntilRunning(SchedulerFixture.key(), 1)
    // One more, of which the next scheduler knows nothing.
    #expect(fixture.endScheduler(SIGKILL) != 0)
    for entry in try FileSystem.list(tasks) {
      try FileSystem.write(text: "{", to: tasks.appending(entry.name).appending("task.json"))
    }
    for name in try FileSystem.list(fixture.state).map(\.name) where name.hasPrefix("scheduler.sqlite") {
      try FileSystem.removeFile(fixture.state.appending(name))
    }
    try fixture.start()
    try waitUntil("what the database does not know is ended") {
      try fixture.executors().isEmpty && fixture.processes().isEmpty && fixture.controlGroups().isEmpty
    }
    #expect(fixture.endScheduler(SIGTERM) == 0)
  }

  @Test func aStoppedSchedulerLeavesItsTasksAndWaitsForNoReader() throws {
    let fixture = try SchedulerFixture()
    let client = try fixture.client()
    try client.create(fixture.job(instances: 1))
    _ = try fixture.waitUntilRunning(SchedulerFixture.key(), 1)
    let servers = fixture.processes()
    let text = Mutex("")
    let code = Mutex<Int32?>(nil)
    performInParallel(count: 2, threads: 2) { role in
      do {
        if role == 0 {
          // Ends with the server, in whatever way.
          _ = try? client.log(
            SchedulerFixture.key(), instance: 0, process: "server", stream: "stdout", follow: true
          ) { bytes in
            text.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
            return true
          }
        } else {
          try waitUntil("the log is followed") { text.withLock { $0.contains("serving") } }
          code.withLock { $0 = fixture.endScheduler(SIGTERM) }
        }
      } catch {
        Issue.record("\(error)")
      }
    }
    #expect(code.withLock { $0 } == 0)
    #expect(fixture.processes() == servers)
  }
}

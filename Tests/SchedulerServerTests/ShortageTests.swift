import Glibc
import JobModel
import SchedulerClient
import SystemSupport
import TestServers
import Testing

/// A scheduler that has no descriptor left.
@Suite(.serialized) struct ShortageTests {
  private func limit(_ fixture: SchedulerFixture, to count: Int) throws {
    let outcome = try Subprocess(
      "prlimit", ["--pid", "\(fixture.pid)", "--nofile=\(count):1024"], environment: environmentStrings()
    ).run()
    try #require(outcome.termination.isSuccess, "\(outcome.errorText)")
  }

  @Test("A scheduler without descriptors gives no task up and starts none twice") func noDescriptors() throws {
    let fixture = try SchedulerFixture()
    let job = fixture.job()
    try fixture.client().create(job)
    let before = try fixture.waitUntilRunning()
    let servers = Set(fixture.processes())
    try limit(fixture, to: 3)
    // The end of a lock's writer is what an executor's death looks like: the scheduler asks whether it was one.
    let log = fixture.scratch.appending("scheduler.log")
    try waitUntil("the scheduler has asked, and got no answer") {
      for task in fixture.tasks() {
        let lock = open(task.appending("lock").string, O_RDWR | O_CLOEXEC)
        try #require(lock >= 0)
        close(lock)
      }
      let text = try FileSystem.readText(log)
      return fixture.tasks().allSatisfy { task in
        text.contains("task \(task.lastComponent?.string ?? ""): ") && text.contains("Too many open files")
      }
    }
    // As long as it lasts, and after it: the same tasks, the same processes.
    try limit(fixture, to: 1024)
    let after = try fixture.waitUntilRunning()
    #expect(Set(after.map(\.taskID)) == Set(before.map(\.taskID)))
    #expect(Set(fixture.processes()) == servers)
    #expect(fixture.tasks().count == 2)
    // What really dies is still found.
    let executor = try #require(after[0].executorPID)
    kill(executor, SIGKILL)
    _ = try fixture.waitForInstances(job.key, "another task has taken its place") { instances in
      instances.count == 2 && instances.allSatisfy { $0.status == .running }
        && Set(instances.map(\.taskID)) != Set(before.map(\.taskID))
    }
  }
}

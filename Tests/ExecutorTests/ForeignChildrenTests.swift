import Glibc
import JobModel
import SystemSupport
import Testing

@testable import Executor

@Suite struct ForeignChildrenTests {
  @Test("How a child ended that the first process of a container has reaped is told once, to whoever waits for it")
  func reapedElsewhere() throws {
    let null = try FileSystem.open("/dev/null", .readWrite)
    defer { FileSystem.close(null) }
    let child = try ForeignChildren.start { () throws(SystemCallError) in
      try spawnAttached("/bin/sh", ["-c", "exit 3"], input: null, output: null, error: null, newSession: true)
    }
    #expect(ForeignChildren.takeStatus(of: child) == nil)
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 { try #require(errno == EINTR) }
    ForeignChildren.reaped(child, status: status)
    let kept = try #require(ForeignChildren.takeStatus(of: child))
    #expect(ExitStatus(wait: kept) == .exited(3))
    #expect(ForeignChildren.takeStatus(of: child) == nil)
  }

  @Test("Orphans that a container's first process reaps are not kept")
  func orphans() {
    ForeignChildren.reaped(4_194_303, status: 0)
    #expect(ForeignChildren.takeStatus(of: 4_194_303) == nil)
  }

  @Test("A lease is over before another task may start, whatever time the job gives its task to stop")
  func lease() throws {
    var configuration = JobConfiguration(
      key: JobKey(cluster: "c", role: "r", stage: "s", name: "n"),
      task: TaskConfiguration(
        name: "n", processes: [], resources: Resources(cpu: 1, ram: 1 << 20, disk: 1 << 20),
        finalizationWait: .seconds(90)))
    #expect(TaskLease(configuration) == nil)
    configuration.partitionPolicy = PartitionPolicy()
    #expect(TaskLease(configuration) == nil)
    configuration.partitionPolicy?.stop = true
    let lease = try #require(TaskLease(configuration))
    #expect(lease.end >= lease.duration + .seconds(90) && lease.replacement > lease.end)
  }
}

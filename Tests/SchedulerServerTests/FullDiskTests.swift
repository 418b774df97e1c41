import Executor
import Glibc
import HTTPClient
import JSON
import JobModel
import SchedulerAccess
import SchedulerClient
import SystemSupport
import TestServers
import Testing

/// The built scheduler on a disk of its own that has no room left. Mounting one needs root.
@Suite(.serialized, .enabled(if: getuid() == 0)) struct FullDiskTests {
  /// MNT_DETACH of umount2(2).
  private static let detach: Int32 = 2

  @Test("On a full disk, a kill is carried out, and a scheduler starts and reports it") func fullDisk() throws {
    let fixture = try SchedulerFixture(start: false)
    try FileSystem.createDirectories(fixture.state, permissions: 0o711)
    try #require(mount("tmpfs", fixture.state.string, "tmpfs", 0, "size=320m,mode=0711") == 0, "mount: \(errno)")
    defer {
      // What is left of it goes with the last process that uses it.
      if fixture.pid > 0 { fixture.endScheduler(SIGKILL) }
      for id in fixture.processes() { kill(id, SIGKILL) }
      umount2(fixture.state.string, Self.detach)
    }
    try fixture.start()
    let client = try fixture.client()
    try client.create(fixture.job("first"))
    try client.create(fixture.job("second", instances: 1))
    _ = try fixture.waitUntilRunning(SchedulerFixture.key("first"))
    _ = try fixture.waitUntilRunning(SchedulerFixture.key("second"), 1)

    let filler = fixture.state.appending("filler")
    func fill() throws {
      let file = try FileSystem.open(filler, .writeOnly, options: [.create, .append])
      defer { FileSystem.close(file) }
      let bytes = [UInt8](repeating: 1, count: 4096)
      while write(file.rawValue, bytes, bytes.count) > 0 {}
    }
    // Again and again: the scheduler gives up its reserve first.
    for _ in 0..<3 { try fill() }
    try client.kill(SchedulerFixture.key("first"))
    try waitUntil("the tasks of the killed job are gone") {
      try fill()
      return try client.job(SchedulerFixture.key("first"))?.instances.allSatisfy { $0.pids.isEmpty } ?? true
    }

    fixture.endScheduler(SIGKILL)
    try fill()
    let log = try FileSystem.open(fixture.scratch.appending("second.log"), .writeOnly, options: [.create, .append])
    defer { FileSystem.close(log) }
    let second = try spawnDetached(
      SchedulerFixture.program("kilt-scheduler"),
      ["--state-directory", fixture.state.string, "--listen", "127.0.0.1:0"] + fixture.options,
      environment: ["HOME=\(fixture.scratch)", "PATH=/usr/local/bin:/usr/bin:/bin"], output: log)
    defer {
      kill(second, SIGKILL)
      var status: Int32 = 0
      waitpid(second, &status, 0)
    }
    // Without room for the file that holds its address, it is there at its socket.
    let socket = SocketDirectory.path(inState: fixture.state).appending(SocketDirectory.socketName)
    let local = try SchedulerClient(address: "unix:\(socket)", origin: .user)
    var instances: [InstanceStatus] = []
    try waitUntil("the scheduler that was started on a full disk answers") {
      do { instances = try local.job(SchedulerFixture.key("second"))?.instances ?? [] } catch { return false }
      return instances.count == 1 && instances[0].status == .running
    }
    #expect(try FileSystem.readText(fixture.scratch.appending("second.log")).contains("no space left to write"))

    // An instance that is replaced now starts when the disk has room, and nothing is taken for lost until then.
    let task = instances[0].taskID
    let directory = TaskDirectory(fixture.state.appending("tasks").appending(task.rawValue).string)
    try #require(try directory.executorProcess()).send(SIGKILL)
    try waitUntil("the replacement waits") {
      try fill()
      let now = try local.job(SchedulerFixture.key("second"))?.instances.first
      return now.map { $0.taskID != task && !$0.status.isTerminal } ?? false
    }

    try FileSystem.removeFile(filler)
    try waitUntil("the replacement runs") {
      try local.job(SchedulerFixture.key("second"))?.instances.first?.status == .running
    }
    let events = try local.job(SchedulerFixture.key("second"))?.json["events"]?.array ?? []
    let lost = events.filter { $0["status"]?.string == TaskStatus.lost.rawValue }.compactMap { $0["taskID"]?.string }
    #expect(Set(lost) == [task.rawValue], "\(lost)")
    try waitUntil("the state can be written again") {
      try FileSystem.readText(fixture.scratch.appending("second.log")).contains("can be written again")
    }
    try local.kill(SchedulerFixture.key("second"))
    try waitUntil("nothing runs") { fixture.processes().isEmpty }
  }
}

import Executor
import Glibc
import JobModel
import SchedulerClient
import SystemSupport
import TestServers
import Testing

@testable import SchedulerServer

/// Executors that are started ahead of their tasks: the built program, handed real tasks.
final class SpareExecutorTests {
  private let root: FilePath
  private var directories: [TaskDirectory] = []

  init() throws { root = try FileSystem.makeTemporaryDirectory(prefix: "spare") }

  deinit {
    do {
      for directory in directories {
        try directory.executorProcess()?.send(SIGKILL)
        try waitUntil("no executor lives") { directory.presence == .gone }
        try directory.killLeftovers()
        try directory.remove()
      }
      try FileSystem.removeTree(root)
    } catch { Issue.record("cannot clean up: \(error)") }
  }

  private func spares(_ count: Int = 1) throws -> SpareExecutors {
    SpareExecutors(program: try SchedulerFixture.program("kilt-executor"), count: count)
  }

  /// The directory of a new task, and the arguments of its executor.
  private func makeTask(_ name: String, _ cmdline: String) throws -> (directory: TaskDirectory, arguments: [String]) {
    let user = SchedulerFixture.user
    let task = TaskConfiguration(
      name: name, processes: [ProcessConfiguration(name: "main", cmdline: cmdline)],
      resources: Resources(cpu: 1, ram: 64 << 20, disk: 16 << 20, processes: 16), finalizationWait: .seconds(3),
      user: user)
    let id = TaskID("\(root.lastComponent?.string ?? "")-\(name)")
    let directory = TaskDirectory(root.appending(id.rawValue).string)
    try directory.create(
      TaskAssignment(
        taskID: id, instance: 0,
        configuration: JobConfiguration(
          key: JobKey(cluster: "devcluster", role: user, stage: "devel", name: name), task: task),
        ports: [:], hostname: "host"))
    directories.append(directory)
    let options = ExecutorOptions(taskDirectory: directory.paths.directory, controlGroupParent: "kilt-test")
    return (directory, options.arguments)
  }

  private func waitForEnd(_ directory: TaskDirectory) throws -> TaskStatus? {
    var status: TaskStatus?
    try waitUntil("the task ends") {
      status = try directory.checkpoint()?.lastEvent?.status
      return status?.isTerminal == true
    }
    return status
  }

  private func exitCode(_ id: pid_t) throws -> CInt {
    var status: CInt = 0
    try waitUntil("process \(id) ends") { waitpid(id, &status, WNOHANG) == id }
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
  }

  /// Waits until it has begun: before, a signal ends it as it ends any program that is being loaded.
  private func waitUntilReady(_ id: pid_t) throws {
    try waitUntil("process \(id) catches SIGTERM") {
      let status = try FileSystem.readText(FilePath("/proc/\(id)/status"))
      guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("SigCgt:") }) else { return false }
      return UInt64(line.split(whereSeparator: \.isWhitespace).last ?? "", radix: 16).map { $0 >> 14 & 1 == 1 } ?? false
    }
  }

  private func link(_ id: pid_t, _ descriptor: Int) -> String? {
    do { return try FileSystem.readLink(FilePath("/proc/\(id)/fd/\(descriptor)")).string } catch { return nil }
  }

  @Test("A spare executor runs the task that it is handed") func handsTask() throws {
    let spares = try spares()
    #expect(spares.hand(["run"]) == nil)
    // The task that was started instead comes first.
    spares.refill(at: 0)
    #expect(spares.ids.isEmpty)
    spares.refill(at: 300_000_000)
    let id = try #require(spares.ids.first)
    let (directory, arguments) = try makeTask("handed", "echo hello; until test -e stop; do sleep 0.02; done")
    #expect(spares.hand(arguments) == id)
    #expect(spares.ids.isEmpty)
    try waitUntil("the task runs") { try directory.checkpoint()?.lastEvent?.status == .running }
    #expect(try directory.executorProcess()?.id == id)
    // It is the executor of this task to whoever lists processes, and nothing of the scheduler's is open in it.
    let words = try FileSystem.read(FilePath("/proc/\(id)/cmdline")).split(separator: 0).map {
      String(decoding: $0, as: UTF8.self)
    }
    #expect(Array(words.dropFirst().prefix(3)) == ["run", "--task-directory", directory.paths.directory])
    #expect(link(id, 0) == "/dev/null")
    #expect(link(id, 1) == directory.paths.executorLog && link(id, 2) == directory.paths.executorLog)
    try FileSystem.write(text: "", to: FilePath(directory.paths.sandbox).appending("stop"))
    #expect(try waitForEnd(directory) == .finished)
    #expect(try exitCode(id) == 0)
    let output = FilePath(directory.paths.log(process: "main", run: 0, stream: "stdout"))
    #expect(try FileSystem.readText(output) == "hello\n")
  }

  @Test("A stop that overtakes the task of a spare executor ends the task") func stopsTask() throws {
    let spares = try spares()
    spares.refill(at: 0)
    let (directory, arguments) = try makeTask("stopped", "sleep 600")
    let id = try #require(spares.ids.first)
    try waitUntilReady(id)
    // It reads neither before both are there.
    kill(id, SIGSTOP)
    #expect(spares.hand(arguments) == id)
    kill(id, SIGTERM)
    kill(id, SIGCONT)
    #expect(try waitForEnd(directory) == .killed)
    #expect(try exitCode(id) == 0)
  }

  @Test("A spare executor ends with its scheduler, and when it is asked to") func ends() throws {
    var spares: SpareExecutors? = try spares(2)
    spares?.refill(at: 0)
    spares?.refill(at: 0)
    let ids = try #require(spares?.ids)
    #expect(ids.count == 2)
    try waitUntilReady(ids[0])
    kill(ids[0], SIGTERM)
    #expect(try exitCode(ids[0]) == 0)
    spares = nil
    #expect(try exitCode(ids[1]) == 0)
  }

  @Test("A spare executor that was killed takes no task and is not replaced at once") func killed() throws {
    let spares = try spares()
    spares.refill(at: 0)
    let id = try #require(spares.ids.first)
    kill(id, SIGKILL)
    try waitUntil("the scheduler reaps it") {
      spares.refill(at: 1)
      return spares.ids.isEmpty
    }
    #expect(spares.hand(["run"]) == nil)
    spares.refill(at: 2)
    #expect(spares.ids.isEmpty)
    spares.refill(at: 61_000_000_000)
    #expect(spares.ids.count == 1)
  }

  @Test("Arguments that are too long, or for a dead spare executor, are not taken") func refusedPackets() throws {
    let spares = try spares()
    spares.refill(at: 0)
    let id = try #require(spares.ids.first)
    #expect(spares.hand(["run", String(repeating: "x", count: SpareExecutor.longestPacket)]) == nil)
    #expect(spares.ids == [id])
    kill(id, SIGKILL)
    // Until the system has closed its end, a packet would still be taken, as by one that dies a moment later.
    try waitUntil("it is dead") {
      try FileSystem.readText(FilePath("/proc/\(id)/status")).contains("State:\tZ")
    }
    #expect(spares.hand(["run"]) == nil)
  }

  @Test("Tasks get the installed executor after an update of the program") func update() throws {
    let program = root.appending("executor")
    try FileSystem.write(text: "#!/bin/sh\nexec cat\n", to: program, permissions: 0o755)
    let spares = SpareExecutors(program: program, count: 1)
    spares.refill(at: 0)
    let old = try #require(spares.ids.first)
    try FileSystem.write(text: "#!/bin/sh\nexec cat -\n", to: program, permissions: 0o755)
    #expect(spares.hand(["run"]) == nil)
    #expect(try exitCode(old) == 0)
    spares.refill(at: 0)
    spares.refill(at: 300_000_000)
    #expect(spares.ids.count == 1 && spares.ids != [old])
  }

  @Test("A scheduler hands tasks to spare executors, and its death ends those that wait") func scheduler() throws {
    let fixture = try SchedulerFixture(["--spare-executors", "3"])
    var before: [pid_t] = []
    try waitUntil("three executors wait") {
      before = fixture.spareExecutors()
      return before.count == 3
    }
    try fixture.client().create(fixture.job())
    let instances = try fixture.waitUntilRunning()
    #expect(instances.allSatisfy { before.contains($0.executorPID ?? 0) })
    try waitUntil("three executors wait again") { fixture.spareExecutors().count == 3 }
    let waiting = fixture.spareExecutors()
    let servers = Set(fixture.processes())
    #expect(fixture.endScheduler(SIGKILL) == nil)
    try waitUntil("no executor waits") { waiting.allSatisfy { !SchedulerFixture.isSpare($0) } }
    #expect(Set(fixture.processes()) == servers)
    try fixture.start()
    let after = try fixture.waitUntilRunning()
    #expect(after.map(\.executorPID) == instances.map(\.executorPID))
  }

  @Test("An unusable number of spare executors is refused") func refusedNumber() throws {
    let scheduler = Subprocess(
      try SchedulerFixture.program("kilt-scheduler").string,
      ["--state-directory", root.appending("state").string, "--spare-executors", "65"])
    let outcome = try scheduler.run()
    #expect(outcome.termination == .exited(2))
    #expect(outcome.errorText.contains("--spare-executors"))
  }
}

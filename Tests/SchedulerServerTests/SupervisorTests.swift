import Executor
import Glibc
import JobModel
import Synchronization
import SystemSupport
import TestServers
import Testing

@testable import SchedulerServer

/// A supervisor behind a reference: expectations call no mutating method of a value.
private final class Supervisor {
  private var value: TaskSupervisor

  init(
    _ options: SchedulerOptions, presence: @escaping @Sendable (TaskDirectory) -> ExecutorPresence = { $0.presence }
  ) { value = TaskSupervisor(options, presence: presence) }

  func launch(_ assignment: TaskAssignment) throws { try value.launch(assignment) }
  func stop(_ task: TaskID) throws -> Bool { try value.stop(task) }
  func killExecutor(_ task: TaskID) -> Bool { value.killExecutor(task) }
  func poll(_ tasks: Set<TaskID>, at now: UInt64) -> [Observation] { value.poll(tasks, at: now) }
}

/// What the supervisor makes of what the machine says, and does not say, about executors.
final class SupervisorTests {
  private let state: FilePath
  private let options: SchedulerOptions

  init() throws {
    state = try FileSystem.makeTemporaryDirectory(prefix: "supervisor")
    // An executor that would leave a mark if one were ever started.
    let program = state.appending("executor")
    try FileSystem.write(
      text: "#!/bin/sh\ntouch \(state)/started\nexec sleep 600\n", to: program, permissions: 0o755)
    options = SchedulerOptions(stateDirectory: state, executor: program, pexRunner: "/bin/true")
  }

  deinit {
    do { try FileSystem.removeTree(state) } catch { Issue.record("cannot clean up: \(error)") }
  }

  private static func assignment(_ task: TaskID) -> TaskAssignment {
    let key = JobKey(cluster: "devcluster", role: "nobody", stage: "devel", name: "job")
    let process = ProcessConfiguration(name: "main", cmdline: "true")
    let configuration = JobConfiguration(
      key: key,
      task: TaskConfiguration(
        name: "job", processes: [process], resources: Resources(cpu: 1, ram: 1 << 20, disk: 1 << 20)))
    return TaskAssignment(taskID: task, instance: 0, configuration: configuration, ports: [:], hostname: "host")
  }

  /// A task directory in which an executor seems to live: this process holds its lock.
  private func makeTask(_ task: TaskID) throws -> (paths: TaskPaths, lock: CInt) {
    let paths = TaskPaths(options.tasksDirectory.appending(task.rawValue).string)
    try FileSystem.createDirectories(FilePath(paths.directory))
    try FileSystem.write(text: "", to: FilePath(paths.lock))
    let lock = open(paths.lock, O_RDWR | O_CLOEXEC)
    try #require(lock >= 0 && flock(lock, LOCK_EX) == 0)
    return (paths, lock)
  }

  private func append(_ kind: CheckpointRecord.Kind, _ sequence: Int, to paths: TaskPaths) throws {
    let file = open(paths.checkpoint, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    defer { close(file) }
    let line = CheckpointRecord(sequence: sequence, time: Timestamp(milliseconds: 0), kind: kind).line
    try #require(write(file, line, line.count) == line.count)
  }

  private func isGone(_ observations: [Observation]) -> Bool {
    observations.contains { if case .executorGone = $0.kind { true } else { false } }
  }

  private func records(_ observations: [Observation]) -> Int {
    observations.count { if case .record = $0.kind { true } else { false } }
  }

  @Test("A shortage of descriptors starts nothing, stops nothing and gives nothing up")
  func shortage() throws {
    let task = TaskID("task")
    let error = ExecutorError.system(call: "open", path: "lock", code: EMFILE)
    let supervisor = Supervisor(options) { _ in .unknown(error) }
    #expect(throws: ExecutorError.self) { try supervisor.launch(Self.assignment(task)) }
    #expect(throws: ExecutorError.self) { try supervisor.stop(task) }
    #expect(!supervisor.killExecutor(task))
    for look in 0..<50 {
      #expect(!isGone(supervisor.poll([task], at: UInt64(look) * 2_000_000_000)))
    }
    #expect(!FileSystem.exists(state.appending("started")))
  }

  @Test("An executor is given up only when its lock has been seen free")
  func unknownThenGone() throws {
    let task = TaskID("task")
    let answer = Mutex(ExecutorPresence.unknown(.system(call: "flock", path: "lock", code: EIO)))
    let supervisor = Supervisor(options) { _ in answer.withLock { $0 } }
    #expect(!isGone(supervisor.poll([task], at: 1)))
    answer.withLock { $0 = .alive }
    #expect(!isGone(supervisor.poll([task], at: 2_000_000_000)))
    answer.withLock { $0 = .gone }
    #expect(isGone(supervisor.poll([task], at: 40_000_000_000)))
    // Said until nobody asks: whoever could not act on it hears of it again.
    #expect(isGone(supervisor.poll([task], at: 40_000_000_001)))
    #expect(supervisor.poll([], at: 40_000_000_002).isEmpty)
  }

  @Test("Records that cannot be read are not lost with their executor")
  func unreadableRecords() throws {
    let task = TaskID("task")
    let (paths, lock) = try makeTask(task)
    let supervisor = Supervisor(options)
    #expect(supervisor.poll([task], at: 1).isEmpty)
    // The last record is there, and cannot be read: a directory is in the checkpoint's place.
    try FileSystem.createDirectories(FilePath(paths.checkpoint))
    close(lock)
    for look in 1...5 { #expect(!isGone(supervisor.poll([task], at: UInt64(look) * 60_000_000_000))) }
    try FileSystem.removeTree(FilePath(paths.checkpoint))
    try append(.taskState(.finished), 0, to: paths)
    let observations = supervisor.poll([task], at: 600_000_000_000)
    #expect(records(observations) == 1)
    #expect(isGone(observations))
  }

  @Test("Events report a record and the end of an executor, without a clock")
  func events() throws {
    let task = TaskID("task")
    let (paths, lock) = try makeTask(task)
    let supervisor = Supervisor(options)
    #expect(supervisor.poll([task], at: 1).isEmpty)
    try append(.taskState(.running), 0, to: paths)
    #expect(records(supervisor.poll([task], at: 1)) == 1)
    // Compaction replaces the file.
    try FileSystem.rename(FilePath(paths.checkpoint), to: FilePath(paths.checkpoint + ".new"))
    try append(.taskState(.failed), 1, to: paths)
    #expect(records(supervisor.poll([task], at: 1)) == 1)
    // What others do there is no event of the executor's.
    try FileSystem.write(text: "", to: FilePath(paths.directory + "/executor.log"))
    #expect(supervisor.poll([task], at: 1).isEmpty)
    close(lock)
    try waitUntil("the lock is seen free") { isGone(supervisor.poll([task], at: 1)) }
  }

  @Test("Idle tasks open no file")
  func idleTasks() throws {
    let tasks = Set((0..<50).map { TaskID("task\($0)") })
    var locks: [CInt] = []
    for task in tasks { locks.append(try makeTask(task).lock) }
    defer { for lock in locks { close(lock) } }
    let looks = Atomic<Int>(0)
    let supervisor = Supervisor(options) { directory in
      looks.wrappingAdd(1, ordering: .relaxed)
      return directory.presence
    }
    for look in 0..<100 { #expect(supervisor.poll(tasks, at: UInt64(look) * 100_000_000).isEmpty) }
    #expect(looks.load(ordering: .relaxed) == tasks.count)
  }
}

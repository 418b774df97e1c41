import Glibc
import JobModel
import Synchronization
import SystemSupport
import Testing

@testable import Executor

/// What each answer of the system says about an executor.
final class PresenceTests {
  private let root: String
  private let directory: TaskDirectory

  init() throws {
    var template = Array("/tmp/kilt-presence-test.XXXXXX".utf8CString)
    root = String(cString: try #require(mkdtemp(&template)))
    directory = TaskDirectory(root)
  }

  deinit {
    do { try FileSystem.removeTree(FilePath(root)) } catch { Issue.record("cannot clean up: \(error)") }
  }

  /// Every error number that Linux has.
  private static let errors = Array(Int32(1)...133)

  private func makeLock() throws { try FileSystem.write(text: "", to: FilePath(directory.paths.lock)) }

  @Test("Of all errors of open, only ENOENT means that no executor lives")
  func errorsOfOpen() {
    for code in Self.errors {
      var calls = FileCalls.system
      calls.open = { _, _ in -code }
      let expected: ExecutorPresence =
        code == ENOENT ? .gone : .unknown(.system(call: "open", path: directory.paths.lock, code: code))
      #expect(directory.presence(calls) == expected)
    }
  }

  @Test("Of all errors of flock, only EWOULDBLOCK means that an executor lives")
  func errorsOfLock() throws {
    try makeLock()
    for code in Self.errors where code != EINTR {
      var calls = FileCalls.system
      calls.lock = { _, _ in -code }
      let expected: ExecutorPresence =
        code == EWOULDBLOCK ? .alive : .unknown(.system(call: "flock", path: directory.paths.lock, code: code))
      #expect(directory.presence(calls) == expected)
    }
  }

  @Test("An interrupted flock is repeated")
  func interruptedLock() throws {
    try makeLock()
    let interruptions = Atomic<Int>(3)
    var calls = FileCalls.system
    calls.lock = { descriptor, operation in
      if interruptions.wrappingSubtract(1, ordering: .relaxed).oldValue > 0 { return -EINTR }
      return FileCalls.system.lock(descriptor, operation)
    }
    #expect(directory.presence(calls) == .gone)
    // The same with an executor: its lock is another open file's.
    let lock = open(directory.paths.lock, O_RDWR)
    defer { close(lock) }
    try #require(flock(lock, LOCK_EX) == 0)
    interruptions.store(3, ordering: .relaxed)
    #expect(directory.presence(calls) == .alive)
  }

  @Test("A process ID that cannot be read is an error, not the absence of an executor")
  func unreadableProcessID() throws {
    try makeLock()
    let lock = open(directory.paths.lock, O_RDWR)
    defer { close(lock) }
    try #require(flock(lock, LOCK_EX) == 0)
    // Not written yet.
    #expect(throws: ExecutorError.self) { try directory.executorProcess() }
    let started = try #require(ProcessTree.member(getpid())?.started)
    try SmallFile.write(ExecutorProcess(id: getpid(), started: started).text, to: directory.paths.processID)
    #expect(try directory.executorProcess()?.id == getpid())
    for code in Self.errors where code != EINTR {
      var calls = FileCalls.system
      calls.read = { _, _ in -Int(code) }
      #expect(throws: ExecutorError.system(call: "read", path: directory.paths.processID, code: code)) {
        try directory.executorProcess(calls)
      }
      calls = .system
      let lockFile = directory.paths.lock
      calls.open = { path, flags in path == lockFile ? FileCalls.system.open(path, flags) : -code }
      #expect(throws: ExecutorError.self) { try directory.executorProcess(calls) }
    }
  }

  @Test("The process ID of an earlier executor is not mistaken for the current one")
  func staleProcessID() throws {
    try makeLock()
    let lock = open(directory.paths.lock, O_RDWR)
    defer { close(lock) }
    try #require(flock(lock, LOCK_EX) == 0)
    // A process ID that another process has by now.
    try SmallFile.write(ExecutorProcess(id: getpid(), started: 1).text, to: directory.paths.processID)
    #expect(throws: ExecutorError.self) { try directory.executorProcess() }
    #expect(throws: ExecutorError.self) { try directory.requestStop() }
    // Without a lock there is no executor, whatever the file says.
    flock(lock, LOCK_UN)
    #expect(try directory.executorProcess() == nil)
    #expect(try !directory.requestStop())
  }

  @Test("A control group list that cannot be read is not an empty one")
  func unreadableGroups() throws {
    try FileSystem.createDirectories(FilePath(directory.paths.run))
    // A directory in its place: read(2) answers EISDIR, whoever asks.
    try FileSystem.createDirectories(FilePath(directory.paths.controlGroups))
    #expect(throws: ExecutorError.system(call: "read", path: directory.paths.controlGroups, code: EISDIR)) {
      try directory.killLeftovers()
    }
    #expect(throws: ExecutorError.self) { try ControlGroups.members(of: [directory.paths.controlGroups]) }
    #expect(try ControlGroups.members(of: [root + "/none"]) == [])
  }

  @Test("A checkpoint that cannot be read is neither empty nor truncated")
  func unreadableCheckpoint() throws {
    let path = directory.paths.checkpoint
    for code in [EMFILE, ENFILE, EIO, ENOMEM, EACCES] {
      var calls = FileCalls.system
      calls.open = { _, _ in -code }
      #expect(throws: ExecutorError.system(call: "open", path: path, code: code)) {
        try SmallFile.content(path, calls: calls)
      }
    }
    try FileSystem.createDirectories(FilePath(path))
    #expect(throws: ExecutorError.self) { try directory.checkpoint() }
    #expect(throws: ExecutorError.self) { try CheckpointWriter(path: path) }
  }

  @Test("A named pipe in place of a file does not block a reader") func namedPipes() throws {
    let paths = directory.paths
    for path in [paths.checkpoint, paths.assignment] { try #require(mkfifo(path, 0o600) == 0) }
    #expect(try directory.checkpoint() == nil)
    var follower = CheckpointFollower(directory)
    #expect(try follower.poll().isEmpty)
    #expect(throws: ExecutorError.self) { try directory.assignment() }
  }
}

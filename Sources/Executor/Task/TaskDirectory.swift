import Glibc
import JSON
public import JobModel
import SystemSupport

/// The directory in which one task runs, as those see it who are not its executor: the scheduler writes the assignment
/// into it, starts an executor on it, and reads what that says, across its own restarts and the executor's.
public struct TaskDirectory: Sendable, Hashable {
  public var paths: TaskPaths

  /// The directory at an absolute path, which need not exist yet.
  public init(_ path: String) { paths = TaskPaths(path) }

  /// Makes the directory, closed to other users, and writes the assignment durably. Made already with the same
  /// assignment, it is left as it is.
  public func create(_ assignment: TaskAssignment) throws(ExecutorError) {
    if mkdir(paths.directory, 0o700) != 0, errno != EEXIST { throw .last("mkdir", paths.directory) }
    try PrivateFile.write(assignment.json.text(.pretty) + "\n", to: paths.assignment, durability: .durable)
  }

  /// The assignment as it was written.
  public func assignment() throws(ExecutorError) -> TaskAssignment {
    guard let bytes = SmallFile.bytes(paths.assignment) else { throw .last("open", paths.assignment) }
    do {
      return try TaskAssignment(json: JSONValue(parsing: bytes))
    } catch {
      throw .badAssignment(path: paths.assignment, problem: "\(error)")
    }
  }

  /// Whether an executor lives in this directory. Answered by its lock, which no crash leaves behind and no other
  /// process can get by being given its id.
  public var hasExecutor: Bool {
    let descriptor = open(paths.lock, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }

  /// The process id of the executor, while one lives.
  public var executorProcessID: Int32? {
    guard hasExecutor, let id = SmallFile.number(paths.processID) else { return nil }
    return Int32(exactly: id)
  }

  /// All that executors have recorded here; nil before the first record.
  ///
  /// - Throws: ``ExecutorError`` when the file is damaged before its last line.
  public func checkpoint() throws(ExecutorError) -> Checkpoint? {
    guard let bytes = SmallFile.bytes(paths.checkpoint), !bytes.isEmpty else { return nil }
    do {
      return try Checkpoint(parsing: bytes)
    } catch {
      throw .badAssignment(path: paths.checkpoint, problem: "\(error)")
    }
  }

  /// Asks the executor to end its task: the first call gracefully, each further one hastens. False when none lives.
  @discardableResult
  public func requestStop() -> Bool {
    guard let id = executorProcessID else { return false }
    return kill(id, SIGTERM) == 0
  }

  /// Kills what an executor that died without ending its task has left: the members of its control group, whose
  /// directory is removed. Returns how many processes there were. Does nothing while an executor lives.
  ///
  /// Seldom finds any: bubblewrap's processes die with their executor.
  @discardableResult
  public func killLeftovers() throws(ExecutorError) -> Int {
    hasExecutor ? 0 : try killLeftovers(ignoringLock: true)
  }

  /// The same for the one who holds the lock.
  func killLeftovers(ignoringLock: Bool) throws(ExecutorError) -> Int {
    guard let list = SmallFile.read(paths.controlGroups) else { return 0 }
    let directories = list.split(separator: "\n").map(String.init)
    var killed: Set<Int32> = []
    for _ in 0..<500 {
      let members = ControlGroups.members(of: directories.map { $0 + "/cgroup.procs" })
      if members.isEmpty { break }
      for id in members {
        killed.insert(id)
        kill(id, SIGKILL)
      }
      usleep(10_000)
    }
    for directory in directories where !ControlGroups.removeDirectory(directory) { throw .last("rmdir", directory) }
    return killed.count
  }
}

import Glibc
import JSON
public import JobModel
import SystemSupport

/// The directory of one task, for all but its executor: the scheduler writes the assignment into it, starts an executor
/// on it, and reads the executor's reports, across restarts of both.
public struct TaskDirectory: Sendable, Hashable {
  public var paths: TaskPaths

  /// The directory at an absolute path, which need not exist yet.
  public init(_ path: String) { paths = TaskPaths(path) }

  /// Creates the directory, closed to other users, and writes the assignment. Leaves an existing directory with the
  /// same assignment unchanged. A power cut ends the task too, so this call does not wait for the disk.
  public func create(_ assignment: TaskAssignment) throws(ExecutorError) {
    if mkdir(paths.directory, 0o700) != 0, errno != EEXIST { throw .last("mkdir", paths.directory) }
    try PrivateFile.write(assignment.json.text(.pretty) + "\n", to: paths.assignment)
  }

  /// The assignment as it was written.
  public func assignment() throws(ExecutorError) -> TaskAssignment {
    guard let bytes = try SmallFile.content(paths.assignment) else {
      throw .system(call: "open", path: paths.assignment, code: ENOENT)
    }
    do {
      return try TaskAssignment(json: JSONValue(parsing: bytes))
    } catch {
      throw .badAssignment(path: paths.assignment, problem: "\(error)")
    }
  }

  /// Whether this is the directory of a task: its assignment names the task, or, where the assignment is damaged, an
  /// executor has left its lock or its records here.
  public func isTask(_ task: TaskID) -> Bool {
    do throws(ExecutorError) { return try assignment().taskID == task } catch {
      return [paths.lock, paths.checkpoint, paths.processID].contains(where: SmallFile.exists)
    }
  }

  /// The ID of the task, which names its directory; that of the assignment where the two differ.
  ///
  /// What is to be ended must not depend on an assignment that can be read.
  private var taskName: String {
    let name = String(paths.directory.split(separator: "/").last ?? "")
    do throws(ExecutorError) { return try assignment().taskID.rawValue } catch { return name }
  }

  /// All that executors have recorded here; nil before the first record.
  ///
  /// - Throws: ``ExecutorError`` when the file is damaged before its last line.
  public func checkpoint() throws(ExecutorError) -> Checkpoint? {
    guard let bytes = try SmallFile.content(paths.checkpoint), !bytes.isEmpty else { return nil }
    do {
      return try Checkpoint(parsing: bytes)
    } catch {
      throw .badAssignment(path: paths.checkpoint, problem: "\(error)")
    }
  }

  /// Asks the executor to end its task: the first call gracefully, each further one hastens. False if none lives.
  ///
  /// - Throws: ``ExecutorError`` if it is not known whether one lives: the request is to be repeated.
  @discardableResult
  public func requestStop() throws(ExecutorError) -> Bool {
    guard let process = try executorProcess() else { return false }
    try process.send(SIGTERM)
    return true
  }

  /// Kills the members of the control group that an executor left when it died without ending its task, and removes the
  /// group. Returns the number of processes. Does nothing while an executor lives.
  ///
  /// Seldom finds any: the processes of a sandbox die with their executor.
  ///
  /// - Throws: ``ExecutorError`` if something can be left, or if it is unknown whether an executor lives.
  @discardableResult
  public func killLeftovers() throws(ExecutorError) -> Int {
    switch presence {
    case .alive: return 0
    case .unknown(let error): throw error
    case .gone: return try killLeftovers(ignoringLock: true)
    }
  }

  /// The same for the caller that holds the lock.
  func killLeftovers(ignoringLock: Bool) throws(ExecutorError) -> Int {
    if SmallFile.exists(paths.assignment) {
      // An executor that was killed could not take its task's secrets out of memory.
      let name = taskName
      if ProcessGraph.isFileName(name) { TaskSecrets(path: TaskSecrets.path(of: name)).remove() }
    }
    guard let list = try SmallFile.content(paths.controlGroups) else { return 0 }
    let directories = String(decoding: list, as: UTF8.self).split(separator: "\n").map(String.init)
    var killed: Set<Int32> = []
    for _ in 0..<500 {
      let members = try ControlGroups.members(of: directories.map { $0 + "/cgroup.procs" })
      if members.isEmpty { break }
      for id in members {
        killed.insert(id)
        kill(id, SIGKILL)
      }
      usleep(10_000)
    }
    for directory in directories where !ControlGroups.removeDirectory(directory) { throw .last("rmdir", directory) }
    // A full disk must not delay the end of the task: files that cannot be copied stay mounted and readable.
    do throws(ExecutorError) { try TaskVolume.settle(paths) } catch { return killed.count }
    return killed.count
  }

  /// Whether the task's files are in memory, and use none of the host's disk.
  public var isDiskInMemory: Bool { TaskVolume.isInMemory(paths) }

  /// Makes the files of an ended task readable again after a reboot of the host, and removes the task's file system if
  /// that was postponed.
  ///
  /// - Returns: whether a file system was mounted.
  /// - Throws: ``ExecutorError`` if they cannot be reached.
  public func restoreFiles() throws(ExecutorError) -> Bool {
    guard getuid() == 0, case .gone = presence else { return false }
    if try TaskVolume.remount(paths) { return true }
    try TaskVolume.settle(paths)
    return false
  }

  /// Removes the directory with all its contents, and the task's file system. No executor must live in it.
  ///
  /// - Throws: ``ExecutorError`` if something is left, or if it is unknown whether an executor lives.
  public func remove() throws(ExecutorError) {
    switch presence {
    case .alive: throw .alreadyRunning(directory: paths.directory)
    case .unknown(let error): throw error
    case .gone: break
    }
    TaskVolume.unmount(paths)
    do throws(SystemCallError) {
      try FileSystem.removeTree(FilePath(paths.directory))
    } catch {
      throw ExecutorError(error, path: paths.directory)
    }
  }
}

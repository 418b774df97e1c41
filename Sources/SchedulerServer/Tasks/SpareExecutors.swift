internal import Executor
internal import Glibc
internal import JSON
internal import SystemSupport

/// Executors that this scheduler has started ahead of tasks (`kilt-executor spare`). Each waits at a socket for the
/// arguments of one task.
///
/// They hold nothing that a crash could lose: until it is handed a task, one has no lock, no directory and no record, and
/// it ends with its scheduler. One that was handed a task is an executor like those that are started for their task.
final class SpareExecutors {
  private let program: FilePath
  private let count: Int
  private var waiting: [ListeningProcess] = []
  /// Those that are not to be used any more, until they are reaped.
  private var dismissed: [pid_t] = []
  /// The program that those that wait run.
  private var version: Version?
  /// When the next can be started, in nanoseconds.
  private var nextStart: UInt64 = 0
  /// Whether a task has started since the last refill.
  private var isTaskStarting = false

  /// How long none is started after one that ended or did not start, in nanoseconds.
  private static let pause: UInt64 = 60_000_000_000
  /// How long none is started after the start of a task, in nanoseconds: the task needs the processors then.
  private static let startOfTask: UInt64 = 300_000_000

  /// What tells a program from its successor at the same path.
  private struct Version: Hashable {
    var device: UInt64
    var inode: UInt64
    var modified: Int64
    var size: Int64
  }

  init(program: FilePath, count: Int) {
    self.program = program
    self.count = count
  }

  deinit {
    for spare in waiting { FileSystem.close(spare.socket) }
  }

  /// The process IDs of those that wait.
  var ids: [pid_t] { waiting.map(\.id) }

  /// Hands the arguments of a task to one that waits, and returns its process ID, which is the caller's to reap. Nil if
  /// none can take them: the caller starts an executor then.
  func hand(_ arguments: [String]) -> pid_t? {
    isTaskStarting = true
    guard !waiting.isEmpty else { return nil }
    guard version == installedVersion() else {
      // After an update of the program tasks get the new one.
      dismissAll()
      return nil
    }
    let packet = Array(JSONValue.strings(arguments).text().utf8)
    guard packet.count <= SpareExecutor.longestPacket else { return nil }
    while !waiting.isEmpty {
      let spare = waiting.removeFirst()
      let isSent = sendPacket(packet, to: spare.socket)
      FileSystem.close(spare.socket)
      if isSent { return spare.id }
      dismissed.append(spare.id)
    }
    return nil
  }

  /// Starts one if there are too few. One at a time: those who call this have other work.
  func refill(at now: UInt64) {
    reap(at: now)
    if isTaskStarting {
      isTaskStarting = false
      nextStart = max(nextStart, now + Self.startOfTask)
    }
    guard waiting.count < count, now >= nextStart else { return }
    let installed = installedVersion()
    if version != installed { dismissAll() }
    version = installed
    do throws(SystemCallError) {
      waiting.append(try spawnListening(program, ["spare", Self.room]))
    } catch {
      // The task that starts next meets the same, and says it.
      nextStart = now + Self.pause
    }
  }

  /// An argument that leaves room for a task's own arguments where processes are listed.
  private static let room = String(repeating: " ", count: 1023)

  private func reap(at now: UInt64) {
    dismissed.removeAll { hasEnded($0) }
    for index in waiting.indices.reversed() where hasEnded(waiting[index].id) {
      FileSystem.close(waiting.remove(at: index).socket)
      nextStart = now + Self.pause
    }
  }

  private func hasEnded(_ id: pid_t) -> Bool {
    var status: CInt = 0
    let reaped = waitpid(id, &status, WNOHANG)
    return reaped == id || (reaped < 0 && errno == ECHILD)
  }

  private func dismissAll() {
    for spare in waiting {
      FileSystem.close(spare.socket)
      dismissed.append(spare.id)
    }
    waiting = []
  }

  private func installedVersion() -> Version? {
    var status = stat()
    guard stat(program.string, &status) == 0 else { return nil }
    return Version(
      device: UInt64(status.st_dev), inode: UInt64(status.st_ino),
      modified: Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec),
      size: Int64(status.st_size))
  }
}

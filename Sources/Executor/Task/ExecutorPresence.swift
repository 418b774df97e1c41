import Glibc

/// Whether an executor lives in a task directory.
///
/// Only two facts mean that none lives: its lock is free, or its lock file does not exist. Every other answer of the
/// system is ``unknown(_:)``, and nothing can be started in the executor's place.
public enum ExecutorPresence: Sendable, Hashable {
  case alive
  case gone
  /// The system did not say: a descriptor limit, an unreadable directory, an I/O error.
  case unknown(ExecutorError)
}

extension TaskDirectory {
  /// Determines by its lock whether an executor lives in this directory. No crash leaves the lock behind, and no other
  /// process can get it by reusing the executor's process ID.
  public var presence: ExecutorPresence { presence(.system) }

  func presence(_ calls: FileCalls) -> ExecutorPresence {
    let descriptor = calls.open(paths.lock, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    if descriptor == -ENOENT { return .gone }
    guard descriptor >= 0 else { return .unknown(.system(call: "open", path: paths.lock, code: -descriptor)) }
    defer { close(descriptor) }
    while true {
      switch calls.lock(descriptor, LOCK_SH | LOCK_NB) {
      case 0: return .gone
      case -EWOULDBLOCK: return .alive
      case -EINTR: continue
      case let code: return .unknown(.system(call: "flock", path: paths.lock, code: -code))
      }
    }
  }

  /// Returns the process of the executor, or nil if none lives.
  ///
  /// - Throws: ``ExecutorError`` if the system does not say whether one lives, or which process it is. An executor
  ///   that has just started has its lock for a moment before it has written its process ID.
  public func executorProcess() throws(ExecutorError) -> ExecutorProcess? { try executorProcess(.system) }

  func executorProcess(_ calls: FileCalls) throws(ExecutorError) -> ExecutorProcess? {
    switch presence(calls) {
    case .gone: return nil
    case .unknown(let error): throw error
    case .alive: break
    }
    guard let bytes = try SmallFile.content(paths.processID, calls: calls),
      let process = ExecutorProcess(text: String(decoding: bytes, as: UTF8.self))
    else { throw .badAssignment(path: paths.processID, problem: "the process ID of the executor is not written yet") }
    // The file of an earlier executor of this directory can still exist: another process can have its process ID now.
    if process.started != nil, ProcessTree.member(process.id)?.started != process.started {
      // The executor can have ended since its lock was seen.
      if case .gone = presence(calls) { return nil }
      throw .badAssignment(path: paths.processID, problem: "the process ID of the executor is not written yet")
    }
    return process
  }
}

/// The process of an executor, as its file `executor.pid` names it.
public struct ExecutorProcess: Sendable, Hashable {
  public var id: Int32
  /// When it started, in clock ticks since boot; nil in files of older versions.
  var started: UInt64?

  init(id: Int32, started: UInt64?) {
    self.id = id
    self.started = started
  }

  /// Parses the content of the file: the process ID and the start, separated by a space.
  init?(text: String) {
    let parts = text.split(whereSeparator: \.isWhitespace)
    guard let first = parts.first, let id = Int32(first), id > 0 else { return nil }
    self.id = id
    started = parts.count > 1 ? UInt64(parts[1]) : nil
  }

  /// The content of the file.
  var text: String { "\(id)" + (started.map { " \($0)" } ?? "") + "\n" }

  /// Sends a signal to this process, and to no later process with the same ID. A process that has ended gets none.
  public func send(_ signal: Int32) throws(ExecutorError) {
    guard let started else {
      if kill(id, signal) != 0, errno != ESRCH { throw .last("kill", "\(id)") }
      return
    }
    try ProcessTree.send(signal, to: id, started: started)
  }
}

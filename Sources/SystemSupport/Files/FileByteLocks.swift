internal import Glibc

/// Locks on single bytes of a file, among the threads and processes of a machine (open file description locks,
/// fcntl(2)). The file stays empty, because a lock can be beyond its end. The locks end with this object or with the
/// process, however it ends.
///
/// Two objects exclude each other, even in one process; within one object a byte is locked once.
public final class FileByteLocks: Sendable {
  /// The other holders that a lock allows.
  public enum Mode: Sendable {
    /// Others that share.
    case shared
    /// No other holder.
    case exclusive
  }

  private let file: FileDescriptor
  private let path: FilePath
  // Glibc declares them only under _GNU_SOURCE.
  private static let setLock: CInt = 37
  private static let setLockWaiting: CInt = 38

  /// Opens the file, and creates it if it is missing. If the file cannot be written, opens it for shared locks.
  public init(_ path: FilePath) throws(SystemCallError) {
    self.path = path
    do throws(SystemCallError) {
      file = try FileSystem.open(path, .readWrite, options: .create)
    } catch {
      guard error.errno == .permissionDenied || error.errno == .readOnlyFileSystem else { throw error }
      file = try FileSystem.open(path, .readOnly)
    }
  }

  /// Waits for the lock on a byte.
  public func lock(_ byte: Int64, _ mode: Mode) throws(SystemCallError) {
    while !apply(Self.setLockWaiting, byte, mode) {
      let error = SystemCallError.current("fcntl", path)
      if error.errno != .interrupted { throw error }
    }
  }

  /// Takes the lock unless another holder excludes it. Returns whether the lock was taken.
  public func attempt(_ byte: Int64, _ mode: Mode) throws(SystemCallError) -> Bool {
    if apply(Self.setLock, byte, mode) { return true }
    let error = SystemCallError.current("fcntl", path)
    if error.errno == .wouldBlock || error.errno == .permissionDenied { return false }
    throw error
  }

  /// Releases the lock.
  public func unlock(_ byte: Int64) { _ = apply(Self.setLock, byte, nil) }

  /// Leaves the file open in the program that this process becomes by execve(2), which so has the locks until it ends.
  public func keepAcrossExecution() { _ = fcntl(file.rawValue, F_SETFD, 0) }

  private func apply(_ command: CInt, _ byte: Int64, _ mode: Mode?) -> Bool {
    var lock = flock()
    switch mode {
    case .shared: lock.l_type = Int16(F_RDLCK)
    case .exclusive: lock.l_type = Int16(F_WRLCK)
    case nil: lock.l_type = Int16(F_UNLCK)
    }
    lock.l_whence = Int16(SEEK_SET)
    lock.l_start = off_t(byte)
    lock.l_len = 1
    return fcntl(file.rawValue, command, &lock) == 0
  }

  deinit { FileSystem.close(file) }
}

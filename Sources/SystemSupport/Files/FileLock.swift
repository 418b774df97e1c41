internal import Glibc

/// An exclusive lock on a file, held until this value ends or the process does (flock(2)).
///
/// A lock belongs to the open file: two `FileLock`s of one process exclude each other too. The file is its owner's alone: who
/// can open a file, even only to read it, can lock it.
public struct FileLock: ~Copyable {
  private let file: FileDescriptor

  /// Waits for the lock; creates the file if it is missing.
  public init(waitingFor path: FilePath) throws(SystemCallError) {
    let file = try FileSystem.open(path, .readWrite, options: .create, permissions: .ownerReadWrite)
    do throws(SystemCallError) {
      try retryingOnInterrupt("flock", path) { flock(file.rawValue, LOCK_EX) }
    } catch {
      FileSystem.close(file)
      throw error
    }
    self.file = file
  }

  private init(file: FileDescriptor) { self.file = file }

  /// Takes the lock if nobody holds it; nil otherwise.
  public static func attempt(_ path: FilePath) throws(SystemCallError) -> FileLock? {
    let file = try FileSystem.open(path, .readWrite, options: .create, permissions: .ownerReadWrite)
    if flock(file.rawValue, LOCK_EX | LOCK_NB) == 0 { return FileLock(file: file) }
    let error = SystemCallError.current("flock", path)
    FileSystem.close(file)
    if error.errno == .wouldBlock { return nil }
    throw error
  }

  /// Locks an open file; the lock ends when the descriptor is closed. Nobody must hold it.
  public static func hold(_ file: FileDescriptor, path: FilePath) throws(SystemCallError) {
    try retryingOnInterrupt("flock", path) { flock(file.rawValue, LOCK_EX | LOCK_NB) }
  }

  deinit {
    // Closing alone leaves it locked for as long as a child of another thread, on its way to another program, has the file
    // open as well.
    flock(file.rawValue, LOCK_UN)
    FileSystem.close(file)
  }
}

import Digests
import Glibc
import SystemSupport

/// A lock on one digest, among the threads and processes of a machine: one byte of a common file, at an offset that
/// follows from the digest, locked as an open file description lock (fcntl(2), "Open file description locks"). So no
/// file per digest needs cleanup. It ends with this value or the process.
struct DigestLock: ~Copyable {
  private let file: FileDescriptor
  // Glibc declares them only under _GNU_SOURCE.
  private static let setLock: CInt = 37
  private static let setLockWaiting: CInt = 38

  /// Waits for the lock; `waited` tells whether somebody else had it.
  init(_ digest: SHA256Digest, in path: FilePath, waited: inout Bool) throws(SystemCallError) {
    let file = try FileSystem.open(path, .readWrite, options: .create)
    waited = false
    if !Self.apply(Self.setLock, file, digest) {
      waited = true
      while !Self.apply(Self.setLockWaiting, file, digest) {
        let code = errno
        if code == EINTR { continue }
        FileSystem.close(file)
        throw SystemCallError("fcntl", path, Errno(rawValue: code))
      }
    }
    self.file = file
  }

  /// Takes the lock if nobody holds it; nil otherwise.
  static func attempt(_ digest: SHA256Digest, in path: FilePath) throws(SystemCallError) -> DigestLock? {
    let file = try FileSystem.open(path, .readWrite, options: .create)
    if apply(setLock, file, digest) { return DigestLock(file: file) }
    FileSystem.close(file)
    return nil
  }

  private init(file: FileDescriptor) { self.file = file }

  private static func apply(_ command: CInt, _ file: FileDescriptor, _ digest: SHA256Digest) -> Bool {
    var lock = flock()
    lock.l_type = Int16(F_WRLCK)
    lock.l_whence = Int16(SEEK_SET)
    lock.l_start = off_t(digest.bytes.prefix(7).reduce(Int64(0)) { $0 << 8 | Int64($1) })
    lock.l_len = 1
    return fcntl(file.rawValue, command, &lock) == 0
  }

  deinit { FileSystem.close(file) }
}

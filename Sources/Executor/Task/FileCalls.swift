import Glibc

/// The system calls that determine whether an executor lives, as values: a test lets each of them fail in every way.
///
/// Each returns the result of the call, or its negative error number.
struct FileCalls: Sendable {
  /// open(2) with flags, for reading.
  var open: @Sendable (_ path: String, _ flags: Int32) -> Int32
  /// openat(2) of a name below an open directory, with flags, for reading.
  var openBelow: @Sendable (_ directory: Int32, _ name: String, _ flags: Int32) -> Int32
  /// flock(2).
  var lock: @Sendable (_ descriptor: Int32, _ operation: Int32) -> Int32
  /// read(2).
  var read: @Sendable (_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int
  /// write(2).
  var write: @Sendable (_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int
  /// fdatasync(2).
  var synchronize: @Sendable (_ descriptor: Int32) -> Int32

  static let system = FileCalls(
    open: { path, flags in
      let descriptor = Glibc.open(path, flags)
      return descriptor >= 0 ? descriptor : -errno
    },
    openBelow: { directory, name, flags in
      let descriptor = openat(directory, name, flags)
      return descriptor >= 0 ? descriptor : -errno
    },
    lock: { descriptor, operation in flock(descriptor, operation) == 0 ? 0 : -errno },
    read: { descriptor, buffer in
      let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      return count >= 0 ? count : -Int(errno)
    },
    write: { descriptor, bytes in
      let count = Glibc.write(descriptor, bytes.baseAddress, bytes.count)
      return count >= 0 ? count : -Int(errno)
    },
    synchronize: { fdatasync($0) == 0 ? 0 : -errno })
}

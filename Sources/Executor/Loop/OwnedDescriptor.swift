import CSystemShims
import Glibc

/// A descriptor that is closed with the last reference to it.
final class OwnedDescriptor {
  let number: Int32

  /// Takes ownership of an open descriptor.
  init(_ number: Int32) { self.number = number }

  deinit { close(number) }

  /// Opens a file; close-on-exec.
  static func open(_ path: String, _ flags: Int32, mode: mode_t = 0) throws(ExecutorError) -> OwnedDescriptor {
    let number = Glibc.open(path, flags | O_CLOEXEC, mode)
    guard number >= 0 else { throw .last("open", path) }
    return OwnedDescriptor(number)
  }

  /// A file open for reading; nil if that is not possible.
  static func ifReadable(_ path: String) -> OwnedDescriptor? {
    let number = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    return number >= 0 ? OwnedDescriptor(number) : nil
  }

  /// A file in memory that holds the bytes, to be read from its beginning. No other process can open it by a name.
  static func memory(_ name: String, _ bytes: [UInt8]) throws(ExecutorError) -> OwnedDescriptor {
    let number = kilt_memfd_create(name)
    guard number >= 0 else { throw .last("memfd_create", name) }
    let file = OwnedDescriptor(number)
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(number, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw .last("write", name) }
      rest = rest.dropFirst(count)
    }
    guard lseek(number, 0, SEEK_SET) == 0 else { throw .last("lseek", name) }
    return file
  }
}

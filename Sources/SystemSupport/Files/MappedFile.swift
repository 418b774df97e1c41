internal import Glibc

/// A file mapped read-only into memory (mmap(2), `MAP_PRIVATE`).
///
/// Only for files that nobody truncates while they are mapped: Kilt's own immutable files, and files in the content
/// store. Reading a truncated mapping raises SIGBUS.
public final class MappedFile: Sendable {
  public let path: FilePath
  public let status: FileStatus
  /// The address and size of the mapping; valid as long as this object lives.
  private let start: UInt
  public let count: Int

  public init(_ path: FilePath) throws(SystemCallError) {
    let file = try FileSystem.open(path, .readOnly)
    defer { FileSystem.close(file) }
    let status = try FileSystem.status(of: file)
    if status.kind != .file { throw SystemCallError("mmap", path, .invalidArgument) }
    count = Int(status.size)
    if count == 0 {
      start = 0
    } else {
      guard let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, file.rawValue, 0), address != MAP_FAILED else {
        throw .current("mmap", path)
      }
      start = UInt(bitPattern: address)
    }
    self.path = path
    self.status = status
  }

  deinit {
    if count > 0 { munmap(UnsafeMutableRawPointer(bitPattern: start), count) }
  }

  /// The bytes; they must not be used after this object is gone.
  public var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: start), count: count)
  }
}

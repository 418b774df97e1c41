internal import Glibc
internal import SystemSupport

/// Reads a log of a task piece by piece, across the rotation of its file.
struct LogReader {
  private let path: String
  private var offset: Int64
  private var inode: UInt64?

  /// From `offset` bytes after the start, or that many before the end when it is negative.
  init(path: String, offset: Int64 = 0) {
    self.path = path
    self.offset = offset
  }

  /// The next bytes, at most `limit`; empty when there are none now.
  mutating func next(limit: Int = 1 << 16) throws(SystemCallError) -> [UInt8] {
    let file: FileDescriptor
    do throws(SystemCallError) {
      file = try FileSystem.open(FilePath(path), .readOnly, options: .noFollow)
    } catch {
      if error.isMissing { return [] }
      throw error
    }
    defer { FileSystem.close(file) }
    let status = try FileSystem.status(of: file)
    if offset < 0 { offset = max(0, status.size + offset) }
    // A rotated log begins again in a new file.
    if let inode, inode != status.inode || status.size < offset { offset = 0 }
    inode = status.inode
    var bytes = [UInt8](repeating: 0, count: limit)
    let count = bytes.withUnsafeMutableBytes { pread(file.rawValue, $0.baseAddress, limit, off_t(offset)) }
    guard count >= 0 else { throw SystemCallError("read", FilePath(path), .ioError) }
    offset += Int64(count)
    bytes.removeLast(limit - count)
    return bytes
  }
}

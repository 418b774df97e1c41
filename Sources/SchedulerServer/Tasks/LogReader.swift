internal import Glibc
internal import SystemSupport

/// Reads a log of a task piece by piece, over the files that its rotation makes: `stdout.2`, `stdout.1`, `stdout`, oldest
/// first.
///
/// The file it is in stays open, so that it is known wherever it is renamed to, and is read to its end even when it
/// has been removed; then comes the file that follows it. A reader that is so slow that files are gone before it has
/// reached them goes on with the oldest that is left.
struct LogReader: Sendable {
  private let path: String
  /// Where to begin: bytes after the start of what is kept, or before its end.
  private var start: Int64
  private var file: OpenFile?
  private var offset: Int64 = 0

  /// From `offset` bytes after the start of the oldest file, or that many before the end when it is negative.
  init(path: String, offset: Int64 = 0) {
    self.path = path
    start = offset
  }

  /// The next bytes, at most `limit`; empty when there are none now.
  mutating func next(limit: Int = 1 << 16) throws(SystemCallError) -> [UInt8] {
    if file == nil { try begin() }
    while let file {
      var bytes = [UInt8](repeating: 0, count: limit)
      let count = bytes.withUnsafeMutableBytes { pread(file.descriptor.rawValue, $0.baseAddress, limit, off_t(offset)) }
      guard count >= 0 else { throw SystemCallError("pread", FilePath(path), Errno(rawValue: errno)) }
      if count > 0 {
        offset += Int64(count)
        bytes.removeLast(limit - count)
        return bytes
      }
      // The end of the newest file is where more may come.
      guard let following = try files(after: file).first else { return [] }
      self.file = following
      offset = 0
    }
    return []
  }

  /// All that there is now, at most about `limit` bytes.
  mutating func rest(limit: Int) throws(SystemCallError) -> [UInt8] {
    var all: [UInt8] = []
    while all.count < limit {
      let bytes = try next()
      if bytes.isEmpty { break }
      all += bytes
    }
    return all
  }

  /// Finds the file and the place in it to begin at.
  private mutating func begin() throws(SystemCallError) {
    let files = try files()
    let total = files.reduce(0) { $0 + $1.size }
    var rest = start < 0 ? max(0, total + start) : start
    for file in files {
      self.file = file
      offset = rest
      if rest < file.size { return }
      rest -= file.size
    }
    if let file { offset = min(offset, file.size) }
  }

  /// What there is, oldest first; down to the file `last` when that is still there, without it.
  ///
  /// Names only move up while this looks at them from 0: a file may be met twice, but none is passed over. While they
  /// move, one of them is missing for a moment.
  private func files(after last: OpenFile? = nil) throws(SystemCallError) -> [OpenFile] {
    var files: [OpenFile] = []
    var number = 0
    var missing = 0
    while missing < 2 {
      if let file = try OpenFile(number == 0 ? path : "\(path).\(number)") {
        missing = 0
        if let last, file.isSame(as: last) || file.isCopy(of: last) { break }
        if files.last.map(file.isSame) != true { files.append(file) }
      } else {
        missing += 1
      }
      number += 1
    }
    return files.reversed()
  }
}

/// A file that stays open as long as this lives: until then no other file gets its inode.
private final class OpenFile: Sendable {
  let descriptor: FileDescriptor
  private let device: UInt64
  private let inode: UInt64
  let size: Int64

  /// Nil when there is no such file.
  init?(_ path: String) throws(SystemCallError) {
    do throws(SystemCallError) {
      descriptor = try FileSystem.open(FilePath(path), .readOnly, options: [.noFollow, .nonBlocking])
    } catch {
      if error.isMissing { return nil }
      throw error
    }
    do throws(SystemCallError) {
      let status = try FileSystem.status(of: descriptor)
      device = status.device
      inode = status.inode
      size = status.size
    } catch {
      FileSystem.close(descriptor)
      throw error
    }
  }

  deinit { FileSystem.close(descriptor) }

  func isSame(as other: OpenFile) -> Bool { device == other.device && inode == other.inode }

  /// Whether this is what is left of a log whose task has ended: the disk of a task is a file system of its own, and
  /// its files are copied to the host's when it ends. Equal sizes and equal last bytes say so.
  func isCopy(of other: OpenFile) -> Bool {
    guard device != other.device else { return false }
    let size = lseek(other.descriptor.rawValue, 0, SEEK_END)
    return size == off_t(self.size) && lastBytes(size) == other.lastBytes(size)
  }

  /// The last bytes of the file's first `size` ones, at most 4096; nil when they cannot be read.
  private func lastBytes(_ size: off_t) -> [UInt8]? {
    let count = Int(min(size, 4096))
    var bytes = [UInt8](repeating: 0, count: count)
    let read = bytes.withUnsafeMutableBytes { pread(descriptor.rawValue, $0.baseAddress, count, size - off_t(count)) }
    return read == count ? bytes : nil
  }
}

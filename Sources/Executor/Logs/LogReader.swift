import Glibc
package import SystemSupport

/// Reads a log of a task piece by piece, over the files of its rotation: `stdout.2`, `stdout.1`, `stdout`, oldest
/// first.
///
/// The current file stays open, so that it is recognized after a rename, and is read to its end even after its removal;
/// then comes the file that follows it. A reader that is so slow that files are removed before it has reached them
/// continues with the oldest remaining file.
///
/// Every byte has a position: its distance from the first byte of the run, also when files before it are removed
/// (``LogMarks``).
package struct LogReader: Sendable {
  private let path: String
  /// The start: bytes after the start of the kept files, or before their end.
  private var start: Int64
  /// Whether `start` is a position.
  private let startsAtPosition: Bool
  private var file: OpenFile?
  private var offset: Int64 = 0
  /// The position of the next byte.
  package private(set) var position: Int64 = 0

  /// From `offset` bytes after the start of the oldest file, or that many before the end when it is negative.
  package init(path: String, offset: Int64 = 0) {
    self.path = path
    start = offset
    startsAtPosition = false
  }

  /// From a position on, or from the oldest byte that is left behind it.
  package init(path: String, position: Int64) {
    self.path = path
    start = position
    startsAtPosition = true
    self.position = position
  }

  /// The marks of the log; none when it has none.
  package func marks() throws(SystemCallError) -> LogMarks {
    do throws(SystemCallError) {
      let bytes = try FileSystem.read(FilePath(LogMarks.path(of: path)), limit: 16 << 20)
      return LogMarks(parsing: String(decoding: bytes, as: UTF8.self))
    } catch {
      if error.isMissing { return LogMarks() }
      throw error
    }
  }

  /// The next bytes, at most `limit`; empty when there are none now.
  package mutating func next(limit: Int = 1 << 16) throws(SystemCallError) -> [UInt8] {
    if file == nil { try begin() }
    while let file {
      var bytes = [UInt8](repeating: 0, count: limit)
      let count = bytes.withUnsafeMutableBytes { pread(file.descriptor.rawValue, $0.baseAddress, limit, off_t(offset)) }
      guard count >= 0 else { throw SystemCallError("pread", FilePath(path), Errno(rawValue: errno)) }
      if count > 0 {
        offset += Int64(count)
        position += Int64(count)
        bytes.removeLast(limit - count)
        return bytes
      }
      // More bytes can follow at the end of the newest file.
      let newer = try files(after: file)
      guard let following = newer.first else { return [] }
      self.file = following
      offset = 0
      // Files that were removed before they could be read are skipped, and so are their positions.
      position = max(position, try marks().starts(of: newer.map { ($0.inode, $0.size) }).first ?? position)
    }
    return []
  }

  /// All that there is now, at most about `limit` bytes.
  package mutating func rest(limit: Int) throws(SystemCallError) -> [UInt8] {
    var all: [UInt8] = []
    while all.count < limit {
      let bytes = try next()
      if bytes.isEmpty { break }
      all += bytes
    }
    return all
  }

  /// The position of the oldest byte that is left, of the first one of the file that is still written, and behind the
  /// last one.
  package func extent() throws(SystemCallError) -> (oldest: Int64, closed: Int64, end: Int64) {
    let files = try files()
    let starts = try marks().starts(of: files.map { ($0.inode, $0.size) })
    guard let newest = files.last, let last = starts.last else { return (0, 0, 0) }
    let end = last + newest.size
    // Between two files there is none under the log's own name: all are closed then.
    let isOpen = try OpenFile(path)?.isSame(as: newest) == true
    return (starts.first ?? 0, isOpen ? last : end, end)
  }

  /// Finds the file and the place in it to begin at.
  private mutating func begin() throws(SystemCallError) {
    let files = try files()
    let starts = try marks().starts(of: files.map { ($0.inode, $0.size) })
    if startsAtPosition {
      for (file, begin) in zip(files, starts) {
        self.file = file
        offset = max(0, start - begin)
        position = begin + offset
        if offset < file.size { return }
      }
      return
    }
    let total = files.reduce(0) { $0 + $1.size }
    var rest = start < 0 ? max(0, total + start) : start
    for (file, begin) in zip(files, starts) {
      self.file = file
      offset = min(rest, file.size)
      position = begin + offset
      if rest < file.size { return }
      rest -= file.size
    }
  }

  /// The existing files, oldest first; down to the file `last` if it still exists, without it.
  ///
  /// Names only move up during the scan from 0: it can meet a file twice, but skips none. While they move, one of them
  /// is missing for a moment.
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
  let inode: UInt64
  let size: Int64

  /// Nil if there is no such file.
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

  /// Whether this is the copied log of an ended task: the disk of a task is a separate file system, and its files are
  /// copied to the host's when it ends. Equal sizes and equal last bytes show it.
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

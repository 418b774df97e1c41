import Glibc

/// A log file that the executor writes from a pipe, and rotates when it is full: `stdout`, `stdout.1` (the last one) …
/// `stdout.N`.
///
/// A file is rotated between lines if possible. Nothing here blocks or fails the writing process: bytes that the disk
/// refuses are counted and dropped.
struct LogFile {
  let path: String
  /// Bytes of one file; at least one write goes into each.
  let limit: Int
  let backups: Int
  /// Bytes that could not be written.
  private(set) var dropped = 0
  /// Bytes that were written, over all files.
  private(set) var total: Int64 = 0
  private var marks: LogMarkWriter
  private var descriptor: Int32 = -1
  private var size = 0
  private var isAtLineStart = true

  init(path: String, limit: Int, backups: Int) throws(ExecutorError) {
    self.path = path
    self.limit = max(limit, 1)
    self.backups = max(backups, 0)
    marks = LogMarkWriter(log: path, files: self.backups + 1)
    try openFile()
  }

  /// A log that goes on after its first `total` bytes, of which earlier files may be gone.
  init(path: String, limit: Int, backups: Int, total: Int64) throws(ExecutorError) {
    self.path = path
    self.limit = max(limit, 1)
    self.backups = max(backups, 0)
    self.total = total
    marks = LogMarkWriter(log: path, files: self.backups + 1)
    try openFile()
  }

  /// Leaves bytes out that nobody has: those after them have the positions that they had at their origin.
  mutating func skip(to position: Int64) {
    guard position > total else { return }
    if size > 0 { rotate() }
    total = position
    closeFile()
  }

  private mutating func openFile() throws(ExecutorError) {
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard descriptor >= 0 else { throw .last("open", path) }
    var status = stat()
    size = fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    // The output of the run starts with the bytes that an earlier executor wrote.
    if total == 0 { total = Int64(size) }
    marks.began(descriptor, at: total - Int64(size))
  }

  /// Appends all of the bytes, over as many files as necessary.
  mutating func append(_ bytes: [UInt8]) {
    defer { marks.wrote(total) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let room = limit - size
      if rest.count <= room {
        write(rest)
        return
      }
      // The last line that still fits ends this file. A line longer than a whole file is cut where the file ends.
      let fitting = rest.prefix(max(room, 0))
      if let newline = fitting.lastIndex(of: UInt8(ascii: "\n")) {
        write(rest[...newline])
        rest = rest[(newline + 1)...]
      } else if size == 0 {
        write(fitting)
        rest = rest[fitting.endIndex...]
      } else if !isAtLineStart, let newline = rest.prefix(limit).firstIndex(of: UInt8(ascii: "\n")),
        newline - rest.startIndex < 4096
      {
        // The end of a line that began here: a little over the limit rather than one line in two files.
        write(rest[...newline])
        rest = rest[(newline + 1)...]
      }
      rotate()
    }
  }

  private mutating func write(_ bytes: ArraySlice<UInt8>) {
    var rest = bytes
    // The disk can have been full when the file was last rotated.
    if descriptor < 0 { do { try openFile() } catch { descriptor = -1 } }
    while !rest.isEmpty {
      let count = descriptor < 0 ? -1 : rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, descriptor >= 0, errno == EINTR { continue }
      if count <= 0 {
        dropped += rest.count
        return
      }
      size += count
      total += Int64(count)
      isAtLineStart = rest[rest.startIndex + count - 1] == UInt8(ascii: "\n")
      rest = rest.dropFirst(count)
    }
  }

  private mutating func rotate() {
    closeFile()
    if backups == 0 {
      unlink(path)
    } else {
      // Only while files exist: a large number of backups costs nothing until they exist.
      var oldest = 0
      while oldest < backups, Links.exists("\(path).\(oldest + 1)") { oldest += 1 }
      for number in stride(from: min(oldest, backups - 1), through: 1, by: -1) {
        rename("\(path).\(number)", "\(path).\(number + 1)")
      }
      rename(path, "\(path).1")
    }
    size = 0
    isAtLineStart = true
    // Opened by the next write: bytes that cannot be written then count as dropped.
  }

  mutating func close() {
    closeFile()
    marks.ended(total)
    marks.close()
  }

  private mutating func closeFile() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }
}

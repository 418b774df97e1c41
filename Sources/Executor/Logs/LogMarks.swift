import Glibc
import SystemSupport

/// The start of each log file in the output of its run, and the times at which parts were written: `stdout.marks`
/// beside `stdout`.
///
/// A line is `TIME OFFSET`: at TIME, in milliseconds since 1970, the run had written OFFSET bytes. With an inode number
/// at its end, a file begins at OFFSET. So every byte of a run has a number that stays the same when the log is rotated
/// and files of it are removed: its distance from the first byte.
public struct LogMarks: Sendable, Hashable {
  public struct Mark: Sendable, Hashable {
    public var time: Int64
    public var offset: Int64
    /// The file that begins here.
    public var inode: UInt64?

    var line: String { "\(time) \(offset)" + (inode.map { " \($0)" } ?? "") + "\n" }
  }

  /// In the order in which they were written.
  public private(set) var marks: [Mark]

  public init(_ marks: [Mark] = []) { self.marks = marks }

  /// Parses the lines of a file. The last one can be torn: it ends the marks.
  public init(parsing text: some StringProtocol) {
    marks = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
      let fields = line.split(separator: " ")
      guard fields.count == 2 || fields.count == 3, let time = Int64(fields[0]), let offset = Int64(fields[1]),
        offset >= 0
      else { continue }
      marks.append(Mark(time: time, offset: offset, inode: fields.count == 3 ? UInt64(fields[2]) : nil))
    }
  }

  public static func path(of log: String) -> String { log + ".marks" }

  /// The offset at which each of these files begins; they are given oldest first, with their sizes.
  ///
  /// A file is identified by its inode. If none is known, they are copies of the files of an ended task: then they are
  /// the last files that were begun. A new file can be unmarked so far: it follows the others.
  public func starts(of files: [(inode: UInt64, size: Int64)]) -> [Int64] {
    let begun = marks.filter { $0.inode != nil }
    let known = Dictionary(begun.map { ($0.inode ?? 0, $0.offset) }, uniquingKeysWith: { _, last in last })
    let isCopied = !begun.isEmpty && !files.contains { known[$0.inode] != nil }
    let tail = isCopied ? begun.suffix(files.count) : []
    var starts: [Int64] = []
    var next: Int64 = 0
    for (index, file) in files.enumerated() {
      let place = tail.count - (files.count - index)
      let start =
        isCopied
        ? (place >= 0 ? tail[tail.startIndex + place].offset : nil) : known[file.inode]
      starts.append(start ?? next)
      next = (start ?? next) + file.size
    }
    return starts
  }

  /// When the byte at an offset had been written at the latest; nil when it came after the last mark.
  public func time(of offset: Int64) -> Int64? {
    var low = 0, high = marks.count
    // Offsets never go down.
    while low < high {
      let middle = (low + high) / 2
      if marks[middle].offset > offset { high = middle } else { low = middle + 1 }
    }
    return low < marks.count ? marks[low].time : nil
  }

  /// The offset of the first byte that can have been written at a time or later.
  public func offset(at time: Int64) -> Int64 { marks.last { $0.time < time }?.offset ?? 0 }

  /// The offset of the first mark after another offset; nil after the last.
  public func next(after offset: Int64) -> Int64? { marks.first { $0.offset > offset }?.offset }

  mutating func append(_ mark: Mark) { marks.append(mark) }

  /// Drops the least useful marks, until about half is left: removed files, and every second time.
  mutating func thin(keepingFiles count: Int) {
    let begun = marks.indices.filter { marks[$0].inode != nil }
    let gone = Set(begun.dropLast(count))
    var isKept = false
    marks = marks.enumerated().compactMap { index, mark in
      if mark.inode != nil {
        guard gone.contains(index) else { return mark }
        return Mark(time: mark.time, offset: mark.offset)
      }
      isKept.toggle()
      return isKept ? mark : nil
    }
  }
}

/// Writes the marks of one log. Marks that the disk refuses are dropped: a mark is a help and not a record.
struct LogMarkWriter {
  private let log: String
  private let files: Int
  private var marks = LogMarks()
  private var size = 0
  private var descriptor: Int32 = -1
  private var last: (time: Int64, offset: Int64)?
  /// Milliseconds between two marks of time.
  static let interval: Int64 = 1000
  /// Bytes of the file before it is thinned.
  private var limit: Int { max(64 << 10, (files + 1) * 128) }

  /// - Parameter files: how many files the log has at most.
  init(log: String, files: Int) {
    self.log = log
    self.files = files
  }

  /// Says that a file begins.
  mutating func began(_ descriptor: Int32, at offset: Int64) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return }
    add(LogMarks.Mark(time: Monotonic.wallMilliseconds(), offset: offset, inode: UInt64(status.st_ino)))
  }

  /// Says that so many bytes have been written in all; not more often than each second.
  mutating func wrote(_ offset: Int64) {
    let time = Monotonic.wallMilliseconds()
    if let last, time >= last.time, time - last.time < Self.interval || last.offset == offset { return }
    add(LogMarks.Mark(time: time, offset: offset))
  }

  /// Says it at the end, whenever the last mark was.
  mutating func ended(_ offset: Int64) {
    if last?.offset == offset { return }
    add(LogMarks.Mark(time: Monotonic.wallMilliseconds(), offset: offset))
  }

  private mutating func add(_ mark: LogMarks.Mark) {
    last = (mark.time, mark.offset)
    marks.append(mark)
    let line = Array(mark.line.utf8)
    if size + line.count > limit {
      marks.thin(keepingFiles: files + 1)
      rewrite()
      return
    }
    if descriptor < 0 {
      descriptor = open(LogMarks.path(of: log), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o644)
    }
    if descriptor >= 0, write(descriptor, line, line.count) == line.count { size += line.count }
  }

  private mutating func rewrite() {
    close()
    let content = marks.marks.map(\.line).joined()
    do throws(SystemCallError) {
      let replacement = try FileReplacement(of: FilePath(LogMarks.path(of: log)))
      try FileSystem.write(Array(content.utf8), to: replacement.file)
      try replacement.commit()
      size = content.utf8.count
    } catch {
      // The old file stays, and a reader uses its marks.
    }
  }

  mutating func close() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }
}

import CSystemShims
import Glibc
import JobModel
import SystemSupport

/// Appends the records of one task to its checkpoint file.
///
/// Records that the disk refuses are kept and tried again: the task continues, and its record is late rather than lost.
/// The file is bounded: when samples and runs have grown it past `limit`, it is replaced by a file with the records
/// that still matter.
struct CheckpointWriter {
  private let path: String
  private let limit: Int
  private let calls: FileCalls
  private var descriptor: Int32 = -1
  private var size = 0
  private var sequence = 0
  private var unwritten: [UInt8] = []
  /// Whether records of states are not on the disk yet.
  private var needsSync = false
  /// The records that were there already.
  let earlier: [CheckpointRecord]

  /// The last state of the task in them.
  var lastStatus: TaskStatus? {
    for record in earlier.reversed() {
      if case .taskState(let status, _) = record.kind { return status }
    }
    return nil
  }

  init(path: String, limit: Int = 4 << 20, calls: FileCalls = .system) throws(ExecutorError) {
    self.path = path
    self.limit = limit
    self.calls = calls
    descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard descriptor >= 0 else { throw .last("open", path) }
    // A file that cannot be read now must not count as empty: it would be truncated.
    let bytes = try SmallFile.content(path) ?? []
    do {
      let checkpoint = try Checkpoint(parsing: bytes)
      earlier = checkpoint.records
      size = checkpoint.validLength
    } catch {
      throw .badAssignment(path: path, problem: "\(error)")
    }
    // A line that a crash has torn would spoil the next one.
    guard ftruncate(descriptor, off_t(size)) == 0 else { throw .last("ftruncate", path) }
    sequence = (earlier.last?.sequence ?? -1) + 1
  }

  /// Whether every record has reached the file, and those of states the disk.
  var isWritten: Bool { unwritten.isEmpty && !needsSync }

  /// Adds a record. Records of states are on the disk after the next ``sync()``.
  @discardableResult
  mutating func append(_ kind: CheckpointRecord.Kind) -> Bool {
    let time = Timestamp(milliseconds: Monotonic.wallMilliseconds())
    unwritten += CheckpointRecord(sequence: sequence, time: time, kind: kind).line
    sequence += 1
    switch kind {
    case .executorStarted, .taskState, .process: needsSync = true
    case .health, .resources, .announcement: break
    }
    return flush()
  }

  /// Adds a record as another executor has made it; one that is there already is passed over.
  mutating func append(_ record: CheckpointRecord) {
    guard record.sequence >= sequence else { return }
    unwritten += record.line
    sequence = record.sequence + 1
    needsSync = true
    flush()
  }

  /// The number of the record that comes next.
  var nextSequence: Int { sequence }

  /// Brings the states that were written to the disk; false while the disk refuses.
  @discardableResult
  mutating func sync() -> Bool {
    guard flush() else { return false }
    if needsSync, calls.synchronize(descriptor) == 0 { needsSync = false }
    return !needsSync
  }

  /// Writes the records that the disk refused before; true when every record has reached the file.
  @discardableResult
  mutating func flush() -> Bool {
    while !unwritten.isEmpty {
      let count = unwritten.withUnsafeBytes { calls.write(descriptor, $0) }
      if count == -Int(EINTR) { continue }
      if count <= 0 { return false }
      size += count
      unwritten.removeFirst(count)
    }
    if size > limit { compact() }
    return true
  }

  /// The records of the file; nil if it cannot be read now.
  private func records() -> [CheckpointRecord]? {
    do { return try Checkpoint(parsing: SmallFile.content(path) ?? []).records } catch { return nil }
  }

  /// Keeps the executors, the task's states, the last run of each process, the last health report and announcement, and
  /// the samples of about the last two hours. Their sequence numbers stay, so a reader knows which records it has seen.
  private mutating func compact() {
    // Tried again when the file has grown further: a file that cannot be read completely is not replaced.
    guard let all = records() else { return }
    var lastRun: [String: Int] = [:]
    var (lastHealth, lastAnnouncement) = (-1, -1)
    for record in all {
      if case .process(let run) = record.kind { lastRun[run.name] = record.sequence }
      if case .health = record.kind { lastHealth = record.sequence }
      if case .announcement = record.kind { lastAnnouncement = record.sequence }
    }
    var samples = all.count { if case .resources = $0.kind { true } else { false } }
    let kept = all.filter { record in
      switch record.kind {
      case .executorStarted, .taskState: return true
      case .process(let run): return lastRun[run.name] == record.sequence
      case .health: return lastHealth == record.sequence
      case .announcement: return lastAnnouncement == record.sequence
      case .resources:
        samples -= 1
        return samples < 720
      }
    }
    // Later records go to the file that replaces the path: its descriptor is opened before that.
    do throws(SystemCallError) {
      let replacement = try FileReplacement(of: FilePath(path))
      let content = kept.flatMap(\.line)
      try FileSystem.write(content, to: replacement.file)
      let new = fcntl(replacement.file.rawValue, F_DUPFD_CLOEXEC, 0)
      guard new >= 0 else { return }
      guard fcntl(new, F_SETFL, O_APPEND) == 0 else {
        close(new)
        return
      }
      // Without the sync of the directory the file is in its place all the same.
      var failure: SystemCallError?
      do throws(SystemCallError) { try replacement.commit(.durable) } catch { failure = error }
      guard isPath(of: new) else {
        close(new)
        if let failure { throw failure }
        return
      }
      close(descriptor)
      descriptor = new
      size = content.count
    } catch {
      // The old file is still there, and this is tried again when it has grown further.
    }
  }

  /// Whether the path leads to an open file.
  private func isPath(of file: Int32) -> Bool {
    var (opened, found) = (stat(), stat())
    return fstat(file, &opened) == 0 && lstat(path, &found) == 0 && opened.st_ino == found.st_ino
      && opened.st_dev == found.st_dev
  }
}

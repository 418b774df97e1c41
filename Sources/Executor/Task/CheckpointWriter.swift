import CSystemShims
import Glibc
import JobModel

/// Appends the records of one task to its checkpoint file.
///
/// What the disk refuses is kept and tried again: the task goes on, and its record is late rather than lost. The file
/// is bounded: when it has grown past `limit` by samples and runs, it is replaced by one that keeps what still says
/// something.
struct CheckpointWriter {
  private let path: String
  private let limit: Int
  private var descriptor: Int32 = -1
  private var size = 0
  private var sequence = 0
  private var unwritten: [UInt8] = []
  /// The records that were there already.
  let earlier: [CheckpointRecord]

  /// The last state of the task in them.
  var lastStatus: TaskStatus? {
    for record in earlier.reversed() {
      if case .taskState(let status, _) = record.kind { return status }
    }
    return nil
  }

  init(path: String, limit: Int = 4 << 20) throws(ExecutorError) {
    self.path = path
    self.limit = limit
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

  /// Whether every record has reached the file.
  var isWritten: Bool { unwritten.isEmpty }

  /// Adds a record. Those of states are on the disk when this returns true.
  @discardableResult
  mutating func append(_ kind: CheckpointRecord.Kind) -> Bool {
    let time = Timestamp(milliseconds: Monotonic.wallMilliseconds())
    unwritten += CheckpointRecord(sequence: sequence, time: time, kind: kind).line
    sequence += 1
    let isWritten = flush()
    switch kind {
    case .executorStarted, .taskState, .process: return isWritten && fdatasync(descriptor) == 0
    case .health, .resources: return isWritten
    }
  }

  /// Writes what is left over; true when nothing is.
  @discardableResult
  mutating func flush() -> Bool {
    while !unwritten.isEmpty {
      let count = unwritten.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
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

  /// Keeps the executors, the task's states, the last run of each process, the last health report and the samples of
  /// the last hour or so. Their sequence numbers stay, so a reader knows what it has seen.
  private mutating func compact() {
    // Tried again when the file has grown further: what cannot be read whole is not replaced.
    guard let all = records() else { return }
    var lastRun: [String: Int] = [:]
    var lastHealth = -1
    for record in all {
      if case .process(let run) = record.kind { lastRun[run.name] = record.sequence }
      if case .health = record.kind { lastHealth = record.sequence }
    }
    var samples = all.count { if case .resources = $0.kind { true } else { false } }
    let kept = all.filter { record in
      switch record.kind {
      case .executorStarted, .taskState: return true
      case .process(let run): return lastRun[run.name] == record.sequence
      case .health: return lastHealth == record.sequence
      case .resources:
        samples -= 1
        return samples < 360
      }
    }
    let content = kept.flatMap(\.line)
    let temporary = path + ".new"
    let new = open(temporary, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard new >= 0 else { return }
    let isWritten = content.withUnsafeBytes { write(new, $0.baseAddress, $0.count) } == content.count
    guard isWritten, fsync(new) == 0, rename(temporary, path) == 0 else {
      close(new)
      unlink(temporary)
      return
    }
    close(descriptor)
    descriptor = new
    size = content.count
  }
}

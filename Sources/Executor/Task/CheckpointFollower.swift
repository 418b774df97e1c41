import Glibc
public import JobModel

/// Reads a task's checkpoint as it grows: each record once.
public struct CheckpointFollower: Sendable {
  private let path: String
  private var inode: UInt64 = 0
  private var offset: Int64 = 0
  private(set) var nextSequence = 0

  /// Follows from the beginning, or from the record after `sequence`.
  public init(_ directory: TaskDirectory, after sequence: Int? = nil) {
    path = directory.paths.checkpoint
    nextSequence = (sequence ?? -1) + 1
  }

  /// The complete records since the last call. A missing file counts as empty.
  ///
  /// - Throws: ``ExecutorError`` if a line is not a record; the records before it have then been skipped.
  public mutating func poll() throws(ExecutorError) -> [CheckpointRecord] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT { return [] }
      throw .last("open", path)
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .last("fstat", path) }
    // The writer replaces the file when it has grown too large, and truncates one that a crash has torn.
    if UInt64(status.st_ino) != inode || Int64(status.st_size) < offset {
      inode = UInt64(status.st_ino)
      offset = 0
    }
    guard Int64(status.st_size) > offset else { return [] }
    var bytes = [UInt8](repeating: 0, count: Int(Int64(status.st_size) - offset))
    let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, off_t(offset)) }
    guard count >= 0 else { throw .last("pread", path) }
    bytes.removeLast(bytes.count - count)
    do {
      let part = try Checkpoint(parsing: bytes)
      offset += Int64(part.validLength)
      let new = part.records.filter { $0.sequence >= nextSequence }
      if let last = new.last { nextSequence = last.sequence + 1 }
      return new
    } catch {
      offset += Int64(count)
      throw .badAssignment(path: path, problem: "\(error)")
    }
  }
}

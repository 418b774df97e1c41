internal import Glibc
internal import Snapshot
internal import SystemPackage
internal import SystemSupport

/// Checks with stat(2) whether the records of directories and files are still valid. It uses two threads, which halve
/// the time, because the kernel takes nearly all of it; more threads do not help.
struct StatWalk: @unchecked Sendable {
  /// The result of a check.
  enum Verdict: UInt8 {
    case same
    /// The tuple differs, or is one that cannot be trusted.
    case touched
    /// It is something else now, or gone.
    case different
  }

  // Several threads read it while nobody changes it; each writes verdicts of only its own rows.
  let state: FileState
  let root: CInt
  let ignoringInode: Bool

  /// Checks every directory.
  func directories() -> [Int] {
    let rows = Shared(state.directories[0..<state.directories.count])
    return look(count: state.directories.count) { index, path in
      let row = rows.rows[index]
      if row.flags & DirectoryRow.dead != 0 { return .same }
      if row.flags & DirectoryRow.racy != 0 { return .touched }
      var status = Glibc.stat()
      guard fstatat(root, path.directory(row), &status, AT_SYMLINK_NOFOLLOW) == 0 else { return .different }
      return StatTuple.ofDirectory(status, ignoringInode: ignoringInode) == row.stat ? .same : .touched
    }.map(\.0)
  }

  /// Checks files, following links, and returns the changed ones, in this order.
  func files(_ ids: UnsafeBufferPointer<UInt32>) -> [(Int, Verdict)] {
    let wanted = Shared(ids)
    let rows = Shared(state.files[0..<state.files.count])
    return look(count: ids.count) { place, path in
      let row = rows.rows[Int(wanted.rows[place])]
      if row.has(FileRow.dead) { return .same }
      var status = Glibc.stat()
      let result = fstatat(root, path.file(row), &status, 0)
      let tuple = result == 0 ? StatTuple(status, ignoringInode: ignoringInode) : StatTuple()
      if tuple == row.stat { return row.has(FileRow.racy | FileRow.unknown) ? .touched : .same }
      return tuple.isFile == row.stat.isFile ? .touched : .different
    }.map { (Int(ids[$0.0]), $0.1) }
  }

  /// Rows or ids that threads share.
  private struct Shared<Row>: @unchecked Sendable {
    // Read only, and only while the caller waits.
    let rows: UnsafeBufferPointer<Row>
    init(_ rows: UnsafeBufferPointer<Row>) { self.rows = rows }
  }

  /// Verdicts, written by several threads, each in places of its own.
  private final class Verdicts: @unchecked Sendable {
    let values: UnsafeMutablePointer<UInt8>
    init(count: Int) {
      values = .allocate(capacity: count)
      values.initialize(repeating: 0, count: count)
    }
    deinit { values.deallocate() }
  }

  private func look(
    count: Int, _ body: @Sendable (Int, inout PathBuffer) -> Verdict
  ) -> [(Int, Verdict)] {
    if count == 0 { return [] }
    let verdicts = Verdicts(count: count)
    let batch = count < 512 ? count : 256
    performInParallel(count: (count + batch - 1) / batch, threads: 2) { part in
      var path = PathBuffer(state)
      for index in (part * batch)..<min(count, (part + 1) * batch) {
        verdicts.values[index] = body(index, &path).rawValue
      }
      path.free()
    }
    var found: [(Int, Verdict)] = []
    for index in 0..<count where verdicts.values[index] != 0 {
      found.append((index, Verdict(rawValue: verdicts.values[index]) ?? .different))
    }
    return found
  }
}

/// A path as a C string, built without allocation. The path of the last directory is remembered, because files come
/// directory by directory.
struct PathBuffer {
  private let state: FileState
  private let buffer: UnsafeMutablePointer<CChar>
  private var capacity = 8192
  private var directory: UInt32 = .max
  private var directoryLength = 0

  init(_ state: FileState) {
    self.state = state
    buffer = .allocate(capacity: capacity)
  }

  func free() { buffer.deallocate() }

  mutating func directory(_ row: DirectoryRow) -> UnsafePointer<CChar> {
    directory = .max
    let path = state.bytes(row.path)
    if path.isEmpty {
      buffer[0] = CChar(UInt8(ascii: "."))
      buffer[1] = 0
    } else {
      copy(path, at: 0)
      buffer[min(path.count, capacity - 1)] = 0
    }
    return UnsafePointer(buffer)
  }

  mutating func file(_ row: FileRow) -> UnsafePointer<CChar> {
    if directory != row.directory {
      directory = row.directory
      let path = state.bytes(state.directories[Int(row.directory)].path)
      copy(path, at: 0)
      directoryLength = path.count
      if directoryLength > 0 {
        buffer[directoryLength] = CChar(UInt8(ascii: "/"))
        directoryLength += 1
      }
    }
    let name = state.bytes(row.name)
    copy(name, at: directoryLength)
    buffer[directoryLength + name.count] = 0
    return UnsafePointer(buffer)
  }

  /// Paths are shorter than PATH_MAX, names than NAME_MAX: the system accepts no longer path.
  private func copy(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
    guard let start = bytes.baseAddress, offset + bytes.count + 2 < capacity else { return }
    memcpy(buffer + offset, start, bytes.count)
  }
}

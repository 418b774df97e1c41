internal import Glibc
internal import Synchronization
internal import SystemSupport
internal import Workspace

/// The places of an ``InvocationRecord``, as bytes that are compared with stat(2) without being decoded first.
///
/// A place is a kind, a zero, the number of path bytes, five numbers of stat(2), and the path with a zero behind it.
struct RecordPlaces: @unchecked Sendable {
  // The bytes are read only, and whoever has them keeps them until the look has ended.
  enum Kind: UInt8 {
    /// Of the workspace; the size does not count.
    case directory
    /// Of the workspace; links are followed.
    case file
    /// Anywhere, by an absolute path; it need not exist.
    case other
  }

  /// What counts of stat(2).
  struct Tuple: Equatable {
    var size: Int64 = 0
    var modified: Int64 = 0
    var changed: Int64 = 0
    var inode: UInt64 = 0
    var mode: UInt64 = 0
  }

  static let headerSize = 4 + 5 * 8

  let bytes: UnsafeRawBufferPointer
  let count: Int
  let ignoresInodes: Bool

  /// Whether every place is as it was. Looks on two threads, and stops at the first difference.
  func areSame(root: CInt) -> Bool {
    var offsets: [Int] = []
    offsets.reserveCapacity(count)
    var offset = 0
    for _ in 0..<count {
      guard offset + Self.headerSize <= bytes.count else { return false }
      offsets.append(offset)
      offset += Self.headerSize + Int(bytes.loadUnaligned(fromByteOffset: offset + 2, as: UInt16.self)) + 1
    }
    guard offset == bytes.count else { return false }
    let differs = Atomic(false)
    let starts = offsets
    let batch = 512
    performInParallel(count: (count + batch - 1) / batch, threads: 2) { part in
      for index in (part * batch)..<min(count, (part + 1) * batch) {
        if index % 64 == 0, differs.load(ordering: .relaxed) { return }
        if !isSame(at: starts[index], root) {
          differs.store(true, ordering: .relaxed)
          return
        }
      }
    }
    return !differs.load(ordering: .relaxed)
  }

  private func isSame(at offset: Int, _ root: CInt) -> Bool {
    guard let kind = Kind(rawValue: bytes[offset]), let start = bytes.baseAddress else { return false }
    let path = start.advanced(by: offset + Self.headerSize).assumingMemoryBound(to: CChar.self)
    var status = Glibc.stat()
    let isThere = fstatat(root, path, &status, kind == .directory ? AT_SYMLINK_NOFOLLOW : 0) == 0
    let now = isThere ? Tuple(status, kind, ignoringInode: ignoresInodes) : Tuple()
    func number(_ index: Int) -> UInt64 {
      bytes.loadUnaligned(fromByteOffset: offset + 4 + index * 8, as: UInt64.self)
    }
    return number(0) == UInt64(bitPattern: now.size) && number(1) == UInt64(bitPattern: now.modified)
      && number(2) == UInt64(bitPattern: now.changed) && number(3) == now.inode && number(4) == now.mode
  }

  /// What is at an absolute path now; zeros where nothing is.
  static func look(_ path: String, ignoringInode: Bool) -> Tuple {
    var status = Glibc.stat()
    return path.withCString { fstatat(AT_FDCWD, $0, &status, 0) } == 0
      ? Tuple(status, .other, ignoringInode: ignoringInode) : Tuple()
  }
}

extension RecordPlaces.Tuple {
  init(_ status: stat, _ kind: RecordPlaces.Kind, ignoringInode: Bool) {
    size = kind == .directory || status.st_mode & S_IFMT == S_IFDIR ? 0 : Int64(status.st_size)
    modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    changed = Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec)
    inode = ignoringInode ? 0 : UInt64(status.st_ino)
    mode = UInt64(status.st_mode)
  }

  init(_ tuple: StatTuple) {
    size = tuple.size
    modified = tuple.modified
    changed = tuple.changed
    inode = tuple.inode
    mode = UInt64(tuple.mode)
  }
}

/// Writes a record.
struct RecordWriter {
  var bytes: [UInt8] = []

  mutating func number(_ value: UInt64) { withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) } }

  mutating func data(_ data: [UInt8]) {
    number(UInt64(data.count))
    bytes += data
  }

  mutating func place(_ path: String, _ tuple: RecordPlaces.Tuple, _ kind: RecordPlaces.Kind) {
    // The root, as fstatat(2) has it.
    let path = path.isEmpty ? "." : path
    bytes += [kind.rawValue, 0]
    withUnsafeBytes(of: UInt16(truncatingIfNeeded: path.utf8.count)) { bytes.append(contentsOf: $0) }
    number(UInt64(bitPattern: tuple.size))
    number(UInt64(bitPattern: tuple.modified))
    number(UInt64(bitPattern: tuple.changed))
    number(tuple.inode)
    number(tuple.mode)
    bytes += path.utf8
    bytes.append(0)
  }
}

/// Reads the head of a record.
struct RecordReader {
  private let bytes: UnsafeRawBufferPointer
  private var offset = 0

  init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  mutating func number() -> UInt64? {
    guard offset + 8 <= bytes.count else { return nil }
    defer { offset += 8 }
    return bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }

  mutating func data() -> [UInt8]? {
    guard let size = number().flatMap({ Int(exactly: $0) }), size <= bytes.count - offset else { return nil }
    defer { offset += size }
    return Array(bytes[offset..<(offset + size)])
  }

  var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[offset...]) }
}

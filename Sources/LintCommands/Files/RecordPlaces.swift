internal import Glibc
internal import Synchronization
internal import SystemSupport
internal import Workspace

/// The places of an ``InvocationRecord``, as bytes that are compared with stat(2) without being decoded first.
///
/// First come directories, each followed by its files, which are looked at from the directory: the kernel then walks one
/// name and not the whole path. Then come places anywhere, by absolute paths.
///
/// A place is its kind, a zero, the number of path bytes, a number, five numbers of stat(2), and the path with a zero
/// behind it. The number is that of files behind a directory, or the assignment of a file. A directory has a sixth
/// number: what ``DirectoryNames`` says of its names.
struct RecordPlaces: @unchecked Sendable {
  // The bytes are read only, and whoever has them keeps them until the look has ended.
  enum Kind: UInt8 {
    /// Of the workspace; the size does not count.
    case directory
    /// Of the workspace, by its name; links are followed.
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

    var isFile: Bool { mode & UInt64(S_IFMT) == UInt64(S_IFREG) }
  }

  /// A place that is not as it was.
  struct Difference: Equatable {
    var kind: Kind
    /// Where the place lies in the bytes.
    var offset: Int
    /// The place of its directory; its own for a directory.
    var directory: Int
  }

  /// More differences than this are a matter for a whole run.
  static let limit = 200
  static let tupleOffset = 8
  /// O_PATH of open(2): a place to look from, which needs no permission to read.
  private static let pathOnly: CInt = 0o10000000

  let bytes: UnsafeRawBufferPointer
  let directories: Int
  let others: Int
  let ignoresInodes: Bool

  static func headerSize(_ kind: Kind) -> Int { tupleOffset + (kind == .directory ? 6 : 5) * 8 }

  // MARK: Reading

  private func number(at offset: Int) -> UInt64 { bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }

  func tuple(at offset: Int) -> Tuple {
    let start = offset + Self.tupleOffset
    return Tuple(
      size: Int64(bitPattern: number(at: start)), modified: Int64(bitPattern: number(at: start + 8)),
      changed: Int64(bitPattern: number(at: start + 16)), inode: number(at: start + 24), mode: number(at: start + 32))
  }

  /// The number of files of a directory, or the assignment of a file.
  func count(at offset: Int) -> Int { Int(bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)) }

  /// What is known of the names in a directory.
  func names(at offset: Int) -> UInt64 { number(at: offset + Self.tupleOffset + 40) }

  private func kind(at offset: Int) -> Kind? { Kind(rawValue: bytes[offset]) }

  private func path(at offset: Int, _ kind: Kind) -> UnsafePointer<CChar>? {
    bytes.baseAddress?.advanced(by: offset + Self.headerSize(kind)).assumingMemoryBound(to: CChar.self)
  }

  /// The path of a place, as it was written: the name of a file.
  func text(at offset: Int, _ kind: Kind) -> String { path(at: offset, kind).map { String(cString: $0) } ?? "" }

  /// Behind a place; nil where the bytes end before it does.
  private func end(of offset: Int, _ kind: Kind) -> Int? {
    guard offset + Self.headerSize(kind) <= bytes.count, self.kind(at: offset) == kind else { return nil }
    let length = Int(bytes.loadUnaligned(fromByteOffset: offset + 2, as: UInt16.self))
    let end = offset + Self.headerSize(kind) + length + 1
    return end <= bytes.count && bytes[end - 1] == 0 ? end : nil
  }

  /// Where directories and other places begin; nil where the bytes are not a record.
  private func starts() -> (directories: [Int], others: [Int])? {
    var (found, further): ([Int], [Int]) = ([], [])
    var offset = 0
    found.reserveCapacity(directories)
    for _ in 0..<directories {
      guard let end = end(of: offset, .directory) else { return nil }
      found.append(offset)
      let files = count(at: offset)
      offset = end
      for _ in 0..<files {
        guard let end = self.end(of: offset, .file) else { return nil }
        offset = end
      }
    }
    for _ in 0..<others {
      guard let end = end(of: offset, .other) else { return nil }
      further.append(offset)
      offset = end
    }
    return offset == bytes.count ? (found, further) : nil
  }

  // MARK: Looking

  /// The places that are not as they were. Looks on two threads.
  ///
  /// - Returns: nil for damaged bytes, a place that cannot be looked at, and more than ``limit`` differences.
  func differences(root: CInt) -> [Difference]? {
    guard let starts = starts() else { return nil }
    let tooMany = Atomic(false)
    let found = Mutex<[Difference]>([])
    let batch = 16
    let groups = starts.directories.count
    let parts = (groups + batch - 1) / batch
    // The last part is that of places anywhere, which are few.
    performInParallel(count: parts + 1, threads: 2) { part in
      if tooMany.load(ordering: .relaxed) { return }
      var mine: [Difference] = []
      if part == parts {
        for offset in starts.others where look(offset, .other, AT_FDCWD) != tuple(at: offset) {
          mine.append(Difference(kind: .other, offset: offset, directory: offset))
        }
      } else {
        for group in (part * batch)..<min(groups, (part + 1) * batch) {
          guard look(group: starts.directories[group], root, &mine) else {
            tooMany.store(true, ordering: .relaxed)
            return
          }
        }
      }
      guard !mine.isEmpty else { return }
      let count = found.withLock { found in
        found += mine
        return found.count
      }
      if count > Self.limit { tooMany.store(true, ordering: .relaxed) }
    }
    guard !tooMany.load(ordering: .relaxed) else { return nil }
    return found.withLock { $0 }.sorted { $0.offset < $1.offset }
  }

  /// Looks at a directory and its files; false where it cannot be opened.
  private func look(group start: Int, _ root: CInt, _ found: inout [Difference]) -> Bool {
    guard let path = path(at: start, .directory) else { return false }
    let descriptor = openat(root, path, Self.pathOnly | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { Glibc.close(descriptor) }
    var status = Glibc.stat()
    guard fstat(descriptor, &status) == 0 else { return false }
    if Tuple(status, .directory, ignoringInode: ignoresInodes) != tuple(at: start) {
      found.append(Difference(kind: .directory, offset: start, directory: start))
    }
    guard var offset = end(of: start, .directory) else { return false }
    for _ in 0..<count(at: start) {
      if look(offset, .file, descriptor) != tuple(at: offset) {
        found.append(Difference(kind: .file, offset: offset, directory: start))
      }
      guard let end = end(of: offset, .file) else { return false }
      offset = end
    }
    return true
  }

  /// What is at a file or another place now; zeros where nothing is.
  private func look(_ offset: Int, _ kind: Kind, _ directory: CInt) -> Tuple {
    guard let path = path(at: offset, kind) else { return Tuple() }
    var status = Glibc.stat()
    return fstatat(directory, path, &status, 0) == 0
      ? Tuple(status, kind, ignoringInode: ignoresInodes) : Tuple()
  }

  /// What is at an absolute path now; zeros where nothing is.
  static func look(_ path: String, _ kind: Kind = .other, ignoringInode: Bool) -> Tuple {
    var status = Glibc.stat()
    let flags = kind == .directory ? AT_SYMLINK_NOFOLLOW : 0
    return path.withCString { fstatat(AT_FDCWD, $0, &status, flags) } == 0
      ? Tuple(status, kind, ignoringInode: ignoringInode) : Tuple()
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

  /// Whether a change in the same tick as the look at it could not be seen later.
  func isRacy(capture: Int64) -> Bool { modified >= capture || changed >= capture }
}

/// A sum that stands for the names in a directory and what they are: files, directories or links. Their order does not count.
struct DirectoryNames: Equatable {
  private(set) var sum: UInt64 = 0

  mutating func add(_ name: String, _ kind: UInt8) {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    hash = (hash ^ UInt64(kind)) &* 0x100_0000_01B3
    // Finalized as in SplitMix64, so that sums of like names differ.
    hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
    hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
    sum = sum &+ (hash ^ (hash >> 31))
  }

  static let file: UInt8 = 0
  static let directory: UInt8 = 1
  static let link: UInt8 = 2

  /// The names in a directory now, without those that no workspace has; nil for a name that a state does not have.
  static func read(_ path: FilePath, isRoot: Bool) -> DirectoryNames? {
    // What cannot be read is left to a whole run, which says why.
    guard let entries = try? FileSystem.list(path) else { return nil }
    var names = DirectoryNames()
    for entry in entries {
      guard entry.isValidName else { return nil }
      switch entry.kind {
      case .directory:
        if entry.name.hasPrefix(".") || entry.name == "__pycache__" || isRoot && entry.name == "dist" { continue }
        names.add(entry.name, directory)
      case .file:
        if entry.name.hasSuffix(".pyc") { continue }
        names.add(entry.name, file)
      case .symbolicLink: names.add(entry.name, link)
      default: return nil
      }
    }
    return names
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

  /// - Parameters:
  ///   - count: the number of files of a directory, or the assignment of a file.
  ///   - names: of a directory.
  mutating func place(
    _ path: String, _ tuple: RecordPlaces.Tuple, _ kind: RecordPlaces.Kind, count: UInt32 = 0, names: UInt64 = 0
  ) {
    // The root, as openat(2) has it.
    let path = path.isEmpty ? "." : path
    bytes += [kind.rawValue, 0]
    withUnsafeBytes(of: UInt16(truncatingIfNeeded: path.utf8.count)) { bytes.append(contentsOf: $0) }
    withUnsafeBytes(of: count) { bytes.append(contentsOf: $0) }
    self.tuple(tuple)
    if kind == .directory { number(names) }
    bytes += path.utf8
    bytes.append(0)
  }

  mutating func tuple(_ tuple: RecordPlaces.Tuple) {
    number(UInt64(bitPattern: tuple.size))
    number(UInt64(bitPattern: tuple.modified))
    number(UInt64(bitPattern: tuple.changed))
    number(tuple.inode)
    number(tuple.mode)
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

  mutating func count() -> Int? { number().flatMap { Int(exactly: $0) } }

  mutating func data() -> [UInt8]? {
    guard let size = count(), size <= bytes.count - offset else { return nil }
    defer { offset += size }
    return Array(bytes[offset..<(offset + size)])
  }

  var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[offset...]) }
}

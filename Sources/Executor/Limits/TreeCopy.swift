import CSystemShims
import Glibc

/// Copies a directory that a task has filled: files, directories and symbolic links, with owners, permissions and
/// times.
///
/// The source is hostile: no link is followed, holes stay holes, a file with several names is copied once, and
/// excessively deep entries are skipped. Sockets, pipes and devices are skipped.
struct TreeCopy {
  /// The deepest directory that is copied: each level holds two descriptors open.
  static let depth = 100

  private struct Identity: Hashable {
    var device: UInt64
    var inode: UInt64
  }

  /// The copy of the first name of a file with several names.
  private var copied: [Identity: String] = [:]
  private let root: Int32

  /// Copies the tree at a path to another path, which does not exist yet.
  static func copy(_ source: String, to target: String) throws(ExecutorError) {
    let from = try OwnedDescriptor.open(source, O_RDONLY | O_DIRECTORY)
    guard mkdir(target, 0o700) == 0 else { throw .last("mkdir", target) }
    let to = try OwnedDescriptor.open(target, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    var copy = TreeCopy(root: to.number)
    try copy.copyContents(from.number, to.number, path: "", depth: 0)
    var status = stat()
    if fstat(from.number, &status) == 0 { Self.copyMarks(status, to: to.number) }
  }

  private init(root: Int32) { self.root = root }

  private mutating func copyContents(_ from: Int32, _ to: Int32, path: String, depth: Int) throws(ExecutorError) {
    guard let stream = fdopendir(dup(from)) else { throw .last("opendir", path) }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      if bytes == [0x2e] || bytes == [0x2e, 0x2e] { continue }
      // A name that is not text cannot belong to a log.
      guard let name = String(validating: bytes, as: UTF8.self) else { continue }
      var status = stat()
      guard fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
      let place = path.isEmpty ? name : path + "/" + name
      switch status.st_mode & S_IFMT {
      case S_IFDIR:
        guard depth < Self.depth else { continue }
        let inner = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard inner >= 0 else { throw .last("open", place) }
        defer { close(inner) }
        guard mkdirat(to, name, 0o700) == 0 else { throw .last("mkdir", place) }
        let copy = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard copy >= 0 else { throw .last("open", place) }
        defer { close(copy) }
        try copyContents(inner, copy, path: place, depth: depth + 1)
        Self.copyMarks(status, to: copy)
      case S_IFREG: try copyFile(from, to, name, status, place: place)
      case S_IFLNK:
        var target = [CChar](repeating: 0, count: 4097)
        guard readlinkat(from, name, &target, 4096) > 0, symlinkat(target, to, name) == 0 else { continue }
        fchownat(to, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW)
      default: continue
      }
    }
  }

  private mutating func copyFile(
    _ from: Int32, _ to: Int32, _ name: String, _ status: stat, place: String
  ) throws(ExecutorError) {
    let identity = Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    if status.st_nlink > 1 {
      if let first = copied[identity], linkat(root, first, to, name, 0) == 0 { return }
      copied[identity] = place
    }
    let source = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard source >= 0 else { throw .last("open", place) }
    defer { close(source) }
    let copy = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard copy >= 0 else { throw .last("open", place) }
    defer { close(copy) }
    guard ftruncate(copy, status.st_size) == 0 else { throw .last("ftruncate", place) }
    var offset: off_t = 0
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while offset < status.st_size {
      // SEEK_DATA and SEEK_HOLE of lseek(2).
      let start = lseek(source, offset, 3)
      guard start >= 0 else { break }
      let end = lseek(source, start, 4)
      offset = start
      while offset < end {
        let count = pread(source, &buffer, min(buffer.count, Int(end - offset)), offset)
        guard count > 0 else { throw .last("read", place) }
        var written = 0
        while written < count {
          let more = buffer[written..<count].withUnsafeBytes {
            pwrite(copy, $0.baseAddress, $0.count, offset + off_t(written))
          }
          guard more > 0 else { throw .last("write", place) }
          written += more
        }
        offset += off_t(count)
      }
    }
    Self.copyMarks(status, to: copy)
  }

  /// Owner, permissions and times. Attributes that the executor cannot set stay its own.
  private static func copyMarks(_ status: stat, to descriptor: Int32) {
    fchown(descriptor, status.st_uid, status.st_gid)
    fchmod(descriptor, status.st_mode & 0o777)
    let times = [status.st_atim, status.st_mtim]
    futimens(descriptor, times)
  }
}

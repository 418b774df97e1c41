internal import Glibc

/// A name in a directory.
public struct DirectoryEntry: Sendable, Hashable {
  /// The name in the directory. If its bytes are not UTF-8, they are repaired, for messages only.
  public var name: String
  public var kind: FileStatus.Kind
  /// False when the name's bytes are not UTF-8.
  public var isValidName: Bool
}

extension FileSystem {
  /// The names in a directory, without `.` and `..`, sorted by their bytes.
  public static func list(_ path: FilePath) throws(SystemCallError) -> [DirectoryEntry] {
    guard let directory = path.withPlatformString({ opendir($0) }) else { throw .current("opendir", path) }
    defer { closedir(directory) }
    return try entries(of: directory, path: path)
  }

  /// Removes a file, a link, or a directory with everything in it, never following a link. Absence is not an error.
  ///
  /// The tree can be of any depth and in any state its owner has left it in: at most four descriptors are open, and no
  /// stack grows with it. A directory that is not empty is moved up, next to the one it was in, before it is emptied.
  public static func removeTree(_ path: FilePath) throws(SystemCallError) {
    if path.withPlatformString({ unlink($0) }) == 0 { return }
    let error = SystemCallError.current("unlink", path)
    if error.isMissing { return }
    guard error.errno == .isDirectory || error.errno == .notPermitted else { throw error }
    var root = path.withPlatformString { openat(AT_FDCWD, $0, removalFlags) }
    if root < 0, errno == EACCES, path.withPlatformString({ chmod($0, 0o700) }) == 0 {
      root = path.withPlatformString { openat(AT_FDCWD, $0, removalFlags) }
    }
    if root < 0 { throw .current("open", path) }
    defer { Glibc.close(root) }
    var moved = 0
    while try removeEntries(of: root, path: path, movingTo: root, &moved) {}
    if path.withPlatformString({ rmdir($0) }) != 0 { throw .current("rmdir", path) }
  }

  private static var removalFlags: CInt { O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC }

  /// Removes the contents of a directory, and moves directories that are not empty into `root`, where each of them is
  /// emptied in turn. Returns whether there was anything.
  private static func removeEntries(
    of directory: CInt, path: FilePath, movingTo root: CInt, _ moved: inout Int
  ) throws(SystemCallError) -> Bool {
    // Opened once more: each look begins at the first entry.
    let descriptor = openat(directory, ".", removalFlags)
    guard descriptor >= 0, let stream = fdopendir(descriptor) else {
      let error = SystemCallError.current("opendir", path)
      if descriptor >= 0 { Glibc.close(descriptor) }
      throw error
    }
    defer { closedir(stream) }
    var found = false
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        if errno != 0 { throw .current("readdir", path) }
        return found
      }
      // Names are bytes, because removed files can have any name.
      let name = nameBytes(entry)
      if name == [0x2E, 0] || name == [0x2E, 0x2E, 0] { continue }
      found = true
      let child = path.appending(String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self))
      if try removed(name, in: directory, child) { continue }
      if directory != root {
        try move(name, of: directory, to: root, child, &moved)
        continue
      }
      var inner = openat(directory, name, removalFlags)
      if inner < 0, errno == EACCES, fchmodat(directory, name, 0o700, 0) == 0 {
        inner = openat(directory, name, removalFlags)
      }
      if inner < 0 { throw .current("open", child) }
      defer { Glibc.close(inner) }
      // The owner can have closed the directory to itself.
      fchmod(inner, 0o700)
      _ = try removeEntries(of: inner, path: child, movingTo: root, &moved)
      if unlinkat(directory, name, AT_REMOVEDIR) != 0, errno != ENOENT { throw .current("rmdir", child) }
    }
  }

  /// Removes a file, or a directory that is empty. False for a directory that is not.
  private static func removed(
    _ name: [CChar], in directory: CInt, _ path: FilePath
  ) throws(SystemCallError) -> Bool {
    if unlinkat(directory, name, 0) == 0 || errno == ENOENT { return true }
    let error = SystemCallError.current("unlink", path)
    guard error.errno == .isDirectory || error.errno == .notPermitted else { throw error }
    if unlinkat(directory, name, AT_REMOVEDIR) == 0 || errno == ENOENT { return true }
    switch errno {
    case ENOTEMPTY, EEXIST: return false
    // A file that cannot be unlinked is none that a directory's call explains.
    case ENOTDIR: throw error
    default: throw .current("rmdir", path)
    }
  }

  private static func move(
    _ name: [CChar], of directory: CInt, to root: CInt, _ path: FilePath, _ moved: inout Int
  ) throws(SystemCallError) {
    while true {
      moved += 1
      let new = ".removed-\(moved)"
      if renameat(directory, name, root, new) == 0 { return }
      if errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR { continue }
      // A directory that moves gets another parent, so that it must be open to writing itself.
      if errno == EACCES, fchmodat(directory, name, 0o700, 0) == 0, renameat(directory, name, root, new) == 0 { return }
      throw .current("rename", path)
    }
  }

  private static func entries(
    of directory: OpaquePointer, path: FilePath
  ) throws(SystemCallError) -> [DirectoryEntry] {
    var found: [DirectoryEntry] = []
    while true {
      errno = 0
      guard let entry = readdir(directory) else {
        if errno != 0 { throw .current("readdir", path) }
        break
      }
      let nameBytes = nameBytes(entry)
      let bytes = nameBytes.dropLast().map { UInt8(bitPattern: $0) }
      if bytes == [0x2E] || bytes == [0x2E, 0x2E] { continue }
      let valid = String(validating: bytes, as: UTF8.self)
      let kind: FileStatus.Kind
      switch Int(entry.pointee.d_type) {
      case Int(DT_REG): kind = .file
      case Int(DT_DIR): kind = .directory
      case Int(DT_LNK): kind = .symbolicLink
      case Int(DT_UNKNOWN):
        var status = stat()
        if fstatat(dirfd(directory), nameBytes, &status, AT_SYMLINK_NOFOLLOW) != 0 { continue }
        kind = FileStatus(status).kind
      default: kind = .other
      }
      found.append(
        DirectoryEntry(
          name: valid ?? String(decoding: bytes, as: UTF8.self), kind: kind, isValidName: valid != nil))
    }
    found.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    return found
  }

  /// The name of an entry with its final NUL.
  private static func nameBytes(_ entry: UnsafeMutablePointer<dirent>) -> [CChar] {
    withUnsafeBytes(of: &entry.pointee.d_name) { name in
      name.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } + [0]
    }
  }
}

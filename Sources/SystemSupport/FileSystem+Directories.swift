internal import Glibc

/// A name in a folder.
public struct DirectoryEntry: Sendable, Hashable {
  /// The name as the folder holds it; where its bytes are not UTF-8 they are repaired for messages only.
  public var name: String
  public var kind: FileStatus.Kind
  /// False when the name's bytes are not UTF-8.
  public var isValidName: Bool
}

extension FileSystem {
  /// The names in a folder, without `.` and `..`, sorted by their bytes.
  public static func list(_ path: FilePath) throws(SystemCallError) -> [DirectoryEntry] {
    guard let directory = path.withPlatformString({ opendir($0) }) else { throw .current("opendir", path) }
    defer { closedir(directory) }
    return try entries(of: directory, path: path)
  }

  /// Removes a file, a link, or a folder with everything in it, never following a link. Absence is not an error.
  public static func removeTree(_ path: FilePath) throws(SystemCallError) {
    if path.withPlatformString({ unlink($0) }) == 0 { return }
    let error = SystemCallError.current("unlink", path)
    if error.isMissing { return }
    guard error.errno == .isDirectory || error.errno == .notPermitted else { throw error }
    let descriptor = path.withPlatformString { openat(AT_FDCWD, $0, removalFlags) }
    if descriptor < 0 { throw .current("open", path) }
    try removeContents(descriptor, path: path)
    if path.withPlatformString({ rmdir($0) }) != 0 { throw .current("rmdir", path) }
  }

  private static var removalFlags: CInt { O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC }

  /// Empties the folder of an open descriptor, and closes that.
  private static func removeContents(_ descriptor: CInt, path: FilePath) throws(SystemCallError) {
    guard let directory = fdopendir(descriptor) else {
      let error = SystemCallError.current("opendir", path)
      Glibc.close(descriptor)
      throw error
    }
    defer { closedir(directory) }
    // Names come as bytes here: what is removed may have any.
    while let entry = readdir(directory) {
      let name = nameBytes(entry)
      if name == [0x2E, 0] || name == [0x2E, 0x2E, 0] { continue }
      let child = path.appending(String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self))
      if unlinkat(dirfd(directory), name, 0) == 0 { continue }
      let error = SystemCallError.current("unlink", child)
      guard error.errno == .isDirectory || error.errno == .notPermitted else { throw error }
      let inner = openat(dirfd(directory), name, removalFlags)
      if inner < 0 { throw .current("open", child) }
      try removeContents(inner, path: child)
      if unlinkat(dirfd(directory), name, AT_REMOVEDIR) != 0 { throw .current("rmdir", child) }
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

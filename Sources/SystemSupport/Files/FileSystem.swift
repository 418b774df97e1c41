internal import CSystemShims
internal import Glibc

/// Files and directories through system calls. Paths are bytes; nothing here needs a locale or Foundation.
public enum FileSystem {
  /// Opens a file close-on-exec (open(2)).
  public static func open(
    _ path: FilePath, _ mode: FileDescriptor.AccessMode, options: FileDescriptor.OpenOptions = [],
    permissions: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]
  ) throws(SystemCallError) -> FileDescriptor {
    let flags = mode.rawValue | options.rawValue | O_CLOEXEC
    let descriptor = try retryingOnInterrupt("open", path) {
      path.withPlatformString { Glibc.open($0, flags, permissions.rawValue) }
    }
    return FileDescriptor(rawValue: descriptor)
  }

  /// Closes a descriptor. Errors are ignored: data that must be on disk is synced before.
  public static func close(_ file: FileDescriptor) { Glibc.close(file.rawValue) }

  /// Reads up to the buffer's size (read(2)); 0 at the end of the file.
  public static func read(
    _ file: FileDescriptor, into buffer: UnsafeMutableRawBufferPointer, path: FilePath? = nil
  ) throws(SystemCallError) -> Int {
    try retryingOnInterrupt("read", path) { Glibc.read(file.rawValue, buffer.baseAddress, buffer.count) }
  }

  /// Returns the bytes of a whole file. Throws `EFBIG` if the file is larger than `limit`.
  public static func read(_ path: FilePath, limit: Int = 1 << 31) throws(SystemCallError) -> [UInt8] {
    let file = try open(path, .readOnly)
    defer { close(file) }
    let status = try status(of: file)
    if status.kind == .directory { throw SystemCallError("read", path, .isDirectory) }
    if status.size > limit { throw SystemCallError("read", path, .fileTooLarge) }
    var bytes = [UInt8](repeating: 0, count: Int(status.size) + 1)
    var filled = 0
    while true {
      if filled == bytes.count {
        // The file grew, or its kind states no size, as in /proc.
        if filled > limit { throw SystemCallError("read", path, .fileTooLarge) }
        bytes.append(contentsOf: repeatElement(0, count: max(4096, filled)))
      }
      let count = try retryingOnInterrupt("read", path) {
        bytes.withUnsafeMutableBytes { buffer in
          Glibc.read(file.rawValue, buffer.baseAddress.map { $0 + filled }, buffer.count - filled)
        }
      }
      if count == 0 { break }
      filled += count
    }
    bytes.removeLast(bytes.count - filled)
    return bytes
  }

  /// Returns the bytes of a range of an open file, whose position stays. Throws `EIO` if the file ends before.
  public static func read(_ file: FileDescriptor, _ range: Range<UInt64>) throws(SystemCallError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    var filled = 0
    while filled < bytes.count {
      let count = try retryingOnInterrupt("pread") {
        bytes.withUnsafeMutableBytes { buffer in
          pread(
            file.rawValue, buffer.baseAddress.map { $0 + filled }, buffer.count - filled,
            off_t(range.lowerBound) + filled)
        }
      }
      if count == 0 { throw SystemCallError("pread", nil, .ioError) }
      filled += count
    }
    return bytes
  }

  /// The text of a whole file; bytes that are not UTF-8 give `EILSEQ`.
  public static func readText(_ path: FilePath, limit: Int = 1 << 31) throws(SystemCallError) -> String {
    guard let text = String(validating: try read(path, limit: limit), as: UTF8.self) else {
      throw SystemCallError("read", path, .illegalByteSequence)
    }
    return text
  }

  /// Creates a directory and its missing parents (mkdir(2)). An existing directory is not an error.
  public static func createDirectories(_ path: FilePath, permissions: UInt32 = 0o755) throws(SystemCallError) {
    if path.withPlatformString({ mkdir($0, mode_t(permissions)) }) == 0 { return }
    let error = SystemCallError.current("mkdir", path)
    switch error.errno {
    case .fileExists:
      if try status(of: path, followingLinks: true).kind != .directory { throw error }
    case .noSuchFileOrDirectory:
      let parent = path.removingLastComponent()
      if parent.isEmpty || parent == path { throw error }
      try createDirectories(parent, permissions: permissions)
      if path.withPlatformString({ mkdir($0, mode_t(permissions)) }) != 0 {
        let error = SystemCallError.current("mkdir", path)
        if error.errno != .fileExists { throw error }
      }
    default: throw error
    }
  }

  /// Creates a directory whose name begins with `prefix` (mkdtemp(3)), by default in `$TMPDIR` or `/tmp`. Mode 0700.
  public static func makeTemporaryDirectory(
    prefix: String, in parent: FilePath? = nil
  ) throws(SystemCallError) -> FilePath {
    let parent = parent ?? FilePath(environmentVariable("TMPDIR") ?? "/tmp")
    var template = Array(parent.appending(prefix + ".XXXXXX").string.utf8CString)
    let made = template.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.map { mkdtemp($0) != nil } ?? false
    }
    if !made { throw .current("mkdtemp", parent) }
    return FilePath(platformString: template)
  }

  /// Renames a file or directory, replacing a file at the new path (rename(2)).
  public static func rename(_ from: FilePath, to: FilePath) throws(SystemCallError) {
    let result = from.withPlatformString { from in to.withPlatformString { to in Glibc.rename(from, to) } }
    if result != 0 { throw .current("rename", to) }
  }

  /// Renames a file. Throws `EEXIST` if the new path exists (renameat2(2), `RENAME_NOREPLACE`).
  public static func renameWithoutReplacing(_ from: FilePath, to: FilePath) throws(SystemCallError) {
    let result = from.withPlatformString { from in to.withPlatformString { to in kilt_rename_noreplace(from, to) } }
    if result != 0 { throw .current("renameat2", to) }
  }

  /// Exchanges the files at two paths in one step (renameat2(2), `RENAME_EXCHANGE`).
  ///
  /// - Returns: false if the kernel or the file system does not support it, or if one of the paths does not exist.
  public static func exchange(_ one: FilePath, with other: FilePath) throws(SystemCallError) -> Bool {
    let result = one.withPlatformString { one in other.withPlatformString { kilt_rename_exchange(one, $0) } }
    if result == 0 { return true }
    let error = SystemCallError.current("renameat2", other)
    if [ENOENT, EINVAL, ENOSYS, EOPNOTSUPP].contains(error.errno.rawValue) { return false }
    throw error
  }

  /// Creates a hard link (link(2)).
  public static func link(_ existing: FilePath, to: FilePath) throws(SystemCallError) {
    let result = existing.withPlatformString { from in to.withPlatformString { to in Glibc.link(from, to) } }
    if result != 0 { throw .current("link", to) }
  }

  /// Creates a symbolic link at `path` with the text `target` (symlink(2)).
  public static func createSymbolicLink(at path: FilePath, to target: FilePath) throws(SystemCallError) {
    let result = target.withPlatformString { target in path.withPlatformString { symlink(target, $0) } }
    if result != 0 { throw .current("symlink", path) }
  }

  /// The text of a symbolic link (readlink(2)).
  public static func readLink(_ path: FilePath) throws(SystemCallError) -> FilePath {
    var buffer = [CChar](repeating: 0, count: 4097)
    let count = path.withPlatformString { readlink($0, &buffer, 4096) }
    if count < 0 { throw .current("readlink", path) }
    return FilePath(platformString: buffer)
  }

  /// The path without links, `.` and `..` (realpath(3)); it must exist.
  public static func canonicalPath(_ path: FilePath) throws(SystemCallError) -> FilePath {
    guard let resolved = path.withPlatformString({ realpath($0, nil) }) else { throw .current("realpath", path) }
    defer { free(resolved) }
    return FilePath(platformString: resolved)
  }

  /// The working directory (getcwd(3)).
  public static func currentDirectory() throws(SystemCallError) -> FilePath {
    guard let buffer = getcwd(nil, 0) else { throw .current("getcwd") }
    defer { free(buffer) }
    return FilePath(platformString: buffer)
  }

  /// Removes a file (unlink(2)); one that is not there is not an error.
  public static func removeFile(_ path: FilePath) throws(SystemCallError) {
    if path.withPlatformString({ unlink($0) }) != 0 {
      let error = SystemCallError.current("unlink", path)
      if !error.isMissing { throw error }
    }
  }

  /// Sets the permission bits (chmod(2)).
  public static func setPermissions(_ permissions: UInt32, of path: FilePath) throws(SystemCallError) {
    if path.withPlatformString({ chmod($0, mode_t(permissions)) }) != 0 { throw .current("chmod", path) }
  }

  /// Sets the modification time of a file to now (utimensat(2)).
  public static func touch(_ path: FilePath) throws(SystemCallError) {
    if path.withPlatformString({ utimensat(AT_FDCWD, $0, nil, 0) }) != 0 { throw .current("utimensat", path) }
  }

  /// Sets the modification time of a file, in nanoseconds since 1970 (utimensat(2)).
  public static func setModificationTime(_ nanoseconds: Int64, of path: FilePath) throws(SystemCallError) {
    let time = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    let times = [time, time]
    if path.withPlatformString({ utimensat(AT_FDCWD, $0, times, 0) }) != 0 { throw .current("utimensat", path) }
  }

  /// Whether this process can execute the file (access(2), `X_OK`).
  public static func isExecutable(_ path: FilePath) -> Bool { path.withPlatformString { access($0, X_OK) } == 0 }
}

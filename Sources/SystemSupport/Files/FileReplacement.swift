internal import Glibc

/// A temporary file beside a path. A commit puts it at the path; otherwise it is removed.
public struct FileReplacement: ~Copyable {
  /// The open temporary file, to be written.
  public let file: FileDescriptor
  public let path: FilePath
  /// The path of the temporary file. It is in the same directory, so that the rename stays within one file system.
  public let temporaryPath: FilePath
  private let permissions: UInt32

  /// Creates the temporary file. The commit sets its mode, regardless of the umask.
  public init(of path: FilePath, permissions: UInt32 = 0o644) throws(SystemCallError) {
    self.path = path
    self.permissions = permissions
    temporaryPath = Self.temporaryPath(beside: path)
    file = try FileSystem.open(
      temporaryPath, .readWrite, options: [.create, .exclusiveCreate, .noFollow],
      permissions: FilePermissions(rawValue: mode_t(permissions)))
  }

  /// Puts the file at its path. If that fails, nothing has changed and the temporary file is gone.
  public consuming func commit(_ durability: Durability = .atomic) throws(SystemCallError) {
    if fchmod(file.rawValue, mode_t(permissions)) != 0 { throw .current("fchmod", temporaryPath) }
    if durability == .durable { try FileSystem.synchronize(file, path: path) }
    if durability == .remakeable, try FileSystem.exchange(temporaryPath, with: path) {
      try FileSystem.removeTree(temporaryPath)
      return
    }
    try FileSystem.rename(temporaryPath, to: path)
    if durability == .durable { try FileSystem.synchronizeDirectory(path.removingLastComponent()) }
  }

  deinit {
    FileSystem.close(file)
    // After a commit the name is gone already.
    _ = temporaryPath.withPlatformString { unlink($0) }
  }

  /// A name beside `path` that no other process or thread of this machine uses: `.NAME.PID.TIME.THREAD.tmp`. Removes
  /// temporary files of killed replacements of a file. No other process can be replacing the file meanwhile.
  ///
  /// A missing directory is not an error.
  public static func removeLeftovers(of path: FilePath) throws(SystemCallError) {
    let folder = path.removingLastComponent()
    guard let name = path.lastComponent?.string, FileSystem.exists(folder) else { return }
    for entry in try FileSystem.list(folder)
    where entry.name.hasPrefix(".\(name.prefix(100)).") && entry.name.hasSuffix(".tmp") {
      try FileSystem.removeFile(folder.appending(entry.name))
    }
  }

  static func temporaryPath(beside path: FilePath) -> FilePath {
    let name = path.lastComponent?.string ?? "file"
    let mark = "\(getpid()).\(String(monotonicNanoseconds(), radix: 36)).\(String(UInt(pthread_self()), radix: 36))"
    return path.removingLastComponent().appending(".\(name.prefix(100)).\(mark).tmp")
  }
}

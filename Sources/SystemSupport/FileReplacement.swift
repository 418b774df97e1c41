internal import Glibc

/// A temporary file beside a path that takes its place when it is committed, and is gone otherwise.
public struct FileReplacement: ~Copyable {
  /// The open temporary file, to be written.
  public let file: FileDescriptor
  public let path: FilePath
  /// Where the temporary file is: in the same folder, so that the rename is one of one file system.
  public let temporaryPath: FilePath
  private let permissions: UInt32

  /// Makes the temporary file; its mode is set at the commit, free of the umask.
  public init(of path: FilePath, permissions: UInt32 = 0o644) throws(SystemCallError) {
    self.path = path
    self.permissions = permissions
    temporaryPath = Self.temporaryPath(beside: path)
    file = try FileSystem.open(
      temporaryPath, .readWrite, options: [.create, .exclusiveCreate, .noFollow],
      permissions: FilePermissions(rawValue: mode_t(permissions)))
  }

  /// Puts the file in its place. When that fails, nothing has changed and the temporary file is gone.
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

  /// A name beside `path` that no other process or thread of this machine uses: `.NAME.PID.TIME.THREAD.tmp`.
  /// Removes temporary files of replacements of a file that were killed. No other process may be replacing it.
  ///
  /// A folder that is not there is no error.
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

internal import Glibc

/// A temporary directory beside a path. A commit puts it at the path; otherwise it is removed.
public struct DirectoryReplacement: ~Copyable {
  public let path: FilePath
  /// The directory to fill. It is in the same directory as `path`, so that the rename stays within one file system.
  public let temporaryPath: FilePath

  /// Creates the temporary directory, with mode 0755 whatever the umask.
  public init(of path: FilePath) throws(SystemCallError) {
    self.path = path
    temporaryPath = FileReplacement.temporaryPath(beside: path)
    if temporaryPath.withPlatformString({ mkdir($0, 0o755) }) != 0 { throw .current("mkdir", temporaryPath) }
    try FileSystem.setPermissions(0o755, of: temporaryPath)
  }

  /// Puts the directory at the path, in one step if the file system can exchange names (renameat2(2)), and removes the
  /// former directory or file. If that fails, the former one is still there.
  public consuming func commit() throws(SystemCallError) {
    if try FileSystem.exchange(temporaryPath, with: path) { return }
    guard FileSystem.exists(path) else { return try FileSystem.renameWithoutReplacing(temporaryPath, to: path) }
    // Without an exchange, the path is missing for a moment.
    let away = FileReplacement.temporaryPath(beside: path)
    try FileSystem.rename(path, to: away)
    do throws(SystemCallError) {
      try FileSystem.rename(temporaryPath, to: path)
    } catch {
      try FileSystem.rename(away, to: path)
      throw error
    }
    try FileSystem.removeTree(away)
  }

  deinit {
    // The directory that was not committed, or the one that it has replaced: rubbish, whose removal can fail.
    try? FileSystem.removeTree(temporaryPath)
  }
}

internal import Glibc

/// A temporary folder beside a path that takes its place when it is committed, and is gone otherwise.
public struct DirectoryReplacement: ~Copyable {
  public let path: FilePath
  /// The folder to fill: in the same folder as `path`, so that the rename is one of one file system.
  public let temporaryPath: FilePath

  /// Makes the temporary folder, with mode 0755 whatever the umask.
  public init(of path: FilePath) throws(SystemCallError) {
    self.path = path
    temporaryPath = FileReplacement.temporaryPath(beside: path)
    if temporaryPath.withPlatformString({ mkdir($0, 0o755) }) != 0 { throw .current("mkdir", temporaryPath) }
    try FileSystem.setPermissions(0o755, of: temporaryPath)
  }

  /// Puts the folder in its place, in one step where the file system can exchange names (renameat2(2)); what was there,
  /// folder or file, is removed. When that fails, what was there still is.
  public consuming func commit() throws(SystemCallError) {
    if try FileSystem.exchange(temporaryPath, with: path) { return }
    guard FileSystem.exists(path) else { return try FileSystem.renameWithoutReplacing(temporaryPath, to: path) }
    // No exchange: for a moment nothing is there.
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
    // The folder that was not committed, or what it has replaced: rubbish, whose removal may fail.
    try? FileSystem.removeTree(temporaryPath)
  }
}

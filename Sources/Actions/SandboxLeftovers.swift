public import ContentStore
internal import SystemSupport

/// The directories of finished actions: kept on request, or left by killed processes.
public enum SandboxLeftovers {
  /// Removes those that no running action uses.
  ///
  /// - Parameter age: kept ones stay until they are so old, in nanoseconds; a week by default.
  /// - Returns: how many.
  /// - Throws: `SystemCallError`.
  public static func remove(in store: ContentStore, keptFor age: Int64 = 7 * 86_400_000_000_000) throws -> Int {
    let parent = ActionSandbox.parent(in: store)
    guard FileSystem.exists(parent) else { return 0 }
    var count = 0
    for entry in try FileSystem.list(parent) where entry.kind == .directory {
      let folder = parent.appending(entry.name)
      let lockPath = ActionSandbox.lockPath(of: folder)
      guard let lock = try FileLock.attempt(lockPath), let status = try FileSystem.statusIfPresent(of: folder) else {
        continue
      }
      let idle = wallClockNanoseconds() - status.changeTime
      // Between its creation and its lock, a directory belongs to nobody for a moment.
      let limit = FileSystem.exists(folder.appending("__run.sh")) ? age : 60_000_000_000
      if idle > limit {
        try FileSystem.removeTree(folder)
        try FileSystem.removeFile(lockPath)
        count += 1
      }
      _ = consume lock
    }
    return count
  }
}

internal import Glibc
internal import JobModel
internal import SystemSupport

/// The selection of directories of ended tasks to remove: the oldest first, and never one that can be in use.
struct FolderRetention: Sendable {
  /// A directory of an ended task of which nothing is left running.
  struct Folder: Sendable {
    var task: TaskID
    var endedAt: Timestamp
    var bytes: Int
  }

  /// The total size that such directories can have.
  var limit: Int
  /// The space that must be free on the disk.
  var reserve: Int

  /// The directories to remove, given the current free space on the disk.
  func surplus(_ folders: [Folder], free: Int) -> [TaskID] {
    var total = folders.reduce(0) { $0 + $1.bytes }
    var free = free
    var surplus: [TaskID] = []
    for folder in folders.sorted(by: { ($0.endedAt, $0.task) < ($1.endedAt, $1.task) }) {
      guard total > limit || free < reserve else { break }
      surplus.append(folder.task)
      total -= folder.bytes
      free += folder.bytes
    }
    return surplus
  }

  /// The size of a tree on its disk, in bytes. Files that disappear meanwhile, or cannot be opened, count nothing.
  static func bytes(of path: FilePath) -> Int {
    var total = 0
    var waiting = [path]
    while let directory = waiting.popLast() {
      total += allocated(directory)
      let entries: [DirectoryEntry]
      do { entries = try FileSystem.list(directory) } catch { continue }
      for entry in entries {
        let child = directory.appending(entry.name)
        if entry.kind == .directory { waiting.append(child) } else { total += allocated(child) }
      }
    }
    return total
  }

  private static func allocated(_ path: FilePath) -> Int {
    var status = stat()
    guard path.withPlatformString({ lstat($0, &status) }) == 0 else { return 0 }
    return Int(status.st_blocks) * 512
  }
}

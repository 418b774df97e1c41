internal import Glibc
internal import JobModel
internal import SystemSupport

/// Which folders of ended tasks go to make room: the oldest first, and never one that may be in use.
struct FolderRetention: Sendable {
  /// A folder of a task that has ended and of which nothing is left.
  struct Folder: Sendable {
    var task: TaskID
    var endedAt: Timestamp
    var bytes: Int
  }

  /// What all such folders may take together.
  var limit: Int
  /// What must be free on the disk.
  var reserve: Int

  /// The folders to remove, given what is free on the disk now.
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

  /// What a tree takes of its disk, in bytes. What vanishes meanwhile, or cannot be opened, counts nothing.
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

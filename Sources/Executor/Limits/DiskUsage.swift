import Glibc

/// The disk use of a tree: allocated blocks, each file once regardless of the number of its names.
///
/// The tree belongs to the task, so it is walked by descriptors, no link is followed, and files that disappear
/// meanwhile are not an error. Directories of other file systems are not entered. At any depth, one descriptor and no
/// stack is used: the walk returns by `..`, and ends if that is not the directory it came from.
struct DiskUsage {
  private(set) var bytes = 0
  private var counted: Set<Identity> = []

  private struct Identity: Hashable {
    var device: UInt64
    var inode: UInt64

    init(_ status: stat) {
      device = UInt64(status.st_dev)
      inode = UInt64(status.st_ino)
    }
  }

  /// A directory on the way to the one that is walked.
  private struct Level {
    var identity: Identity
    /// Names of directories in it that are still to be entered.
    var waiting: [[CChar]]
  }

  /// Adds the tree at a path.
  mutating func add(_ path: String) {
    var current = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard current >= 0 else { return }
    defer { close(current) }
    var status = stat()
    guard fstat(current, &status) == 0 else { return }
    let device = status.st_dev
    var levels = [Level(identity: Identity(status), waiting: addEntries(of: current, status))]
    while !levels.isEmpty {
      if let name = levels[levels.count - 1].waiting.popLast() {
        let child = openat(current, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard child >= 0 else { continue }
        guard fstat(child, &status) == 0, status.st_dev == device else {
          close(child)
          continue
        }
        close(current)
        current = child
        levels.append(Level(identity: Identity(status), waiting: addEntries(of: current, status)))
      } else {
        levels.removeLast()
        guard let above = levels.last else { return }
        let parent = openat(current, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { return }
        close(current)
        current = parent
        // Moved meanwhile: the rest would be counted somewhere else.
        guard fstat(current, &status) == 0, Identity(status) == above.identity else { return }
      }
    }
  }

  /// Counts the contents of a directory, including itself, and returns the names of the directories in it.
  private mutating func addEntries(of descriptor: Int32, _ own: stat) -> [[CChar]] {
    bytes += Int(own.st_blocks) * 512
    guard let stream = fdopendir(dup(descriptor)) else { return [] }
    defer { closedir(stream) }
    var directories: [[CChar]] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        bytes.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } + [0]
      }
      if name == [0x2e, 0] || name == [0x2e, 0x2e, 0] { continue }
      var status = stat()
      guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
      if status.st_mode & S_IFMT == S_IFDIR {
        directories.append(name)
        continue
      }
      if status.st_nlink > 1, !counted.insert(Identity(status)).inserted { continue }
      bytes += Int(status.st_blocks) * 512
    }
    return directories
  }
}

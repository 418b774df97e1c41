import Glibc

/// How much disk a tree takes: allocated blocks, each file once however many names it has.
///
/// The tree belongs to the task, so it is walked by descriptors, no link is followed, and what vanishes meanwhile is
/// no error. Directories of other file systems are not entered.
struct DiskUsage {
  private(set) var bytes = 0
  private var counted: Set<FileIdentity> = []

  private struct FileIdentity: Hashable {
    var device: UInt64
    var inode: UInt64
  }

  /// Adds the tree at a path.
  mutating func add(_ path: String) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    if descriptor >= 0 { addDirectory(descriptor, depth: 0) }
  }

  /// Takes over the descriptor.
  private mutating func addDirectory(_ descriptor: Int32, depth: Int) {
    guard let stream = fdopendir(descriptor) else {
      close(descriptor)
      return
    }
    defer { closedir(stream) }
    var own = stat()
    guard fstat(descriptor, &own) == 0 else { return }
    bytes += Int(own.st_blocks) * 512
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      if name == [0x2e] || name == [0x2e, 0x2e] { continue }
      var path = name.map { CChar(bitPattern: $0) }
      path.append(0)
      var status = stat()
      guard fstatat(descriptor, path, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
      if status.st_mode & S_IFMT == S_IFDIR {
        // Each level holds a descriptor open; a deeper tree is hardly honest, and its files are tiny in sum.
        guard status.st_dev == own.st_dev, depth < 200 else { continue }
        let child = openat(descriptor, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        if child >= 0 { addDirectory(child, depth: depth + 1) }
        continue
      }
      let identity = FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
      if status.st_nlink > 1, !counted.insert(identity).inserted { continue }
      bytes += Int(status.st_blocks) * 512
    }
  }
}

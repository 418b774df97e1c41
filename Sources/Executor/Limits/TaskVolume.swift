import CSystemShims
import Glibc
import SystemSupport

/// The file system of a task: everything that the task can make grow is in it, and it cannot grow.
///
/// A small one is in memory. A larger one is a file of the host, mounted through a loop device. Only root can mount;
/// elsewhere, the size of the directories is sampled.
struct TaskVolume: Hashable {
  enum Kind: String, Hashable {
    case memory, image
  }

  let paths: TaskPaths
  var kind: Kind
  /// Bytes.
  var size: Int

  /// The largest file system that is in memory: the host has it beside the memory of its tasks.
  static let largestInMemory = 64 << 20
  /// The amount that is copied out of a file system when its task has ended; a larger one stays mounted.
  static let largestCopied = 64 << 20
  /// Its contents.
  private static func directories(_ paths: TaskPaths) -> [(name: String, path: String)] {
    [("sandbox", paths.sandbox), ("tmp", paths.temporary), ("logs", paths.logs)]
  }

  /// Creates and mounts the file system of a task of `size` bytes, with its directories.
  static func make(_ paths: TaskPaths, size: Int) throws(ExecutorError) -> TaskVolume {
    let volume = TaskVolume(paths: paths, kind: size <= largestInMemory ? .memory : .image, size: size)
    if mkdir(paths.volume, 0o711) != 0, errno != EEXIST { throw .last("mkdir", paths.volume) }
    do throws(ExecutorError) {
      switch volume.kind {
      case .memory: try volume.mountMemory()
      case .image: try volume.mountImage()
      }
      guard chmod(paths.volume, 0o711) == 0 else { throw .last("chmod", paths.volume) }
      for (name, path) in directories(paths) {
        guard mkdir("\(paths.volume)/\(name)", 0o700) == 0 else { throw .last("mkdir", "\(paths.volume)/\(name)") }
        guard symlink("volume/\(name)", path) == 0 else { throw .last("symlink", path) }
      }
    } catch {
      for (_, path) in directories(paths) { unlink(path) }
      unmount(paths)
      throw error
    }
    return volume
  }

  private func mountMemory() throws(ExecutorError) {
    // An empty file uses memory too: the kernel only limits the number of such files.
    let files = max(1024, size / 2048)
    guard kilt_mount_tmpfs(paths.volume, "size=\(size),nr_inodes=\(files),mode=0711") == 0 else {
      throw .last("mount", paths.volume)
    }
  }

  private func mountImage() throws(ExecutorError) {
    let file = try OwnedDescriptor.open(paths.volumeImage, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
    // The file system's own needs are added.
    guard ftruncate(file.number, off_t(size + size / 32 + (8 << 20))) == 0 else {
      throw .last("ftruncate", paths.volumeImage)
    }
    try Self.run(
      "mke2fs", package: "e2fsprogs",
      [
        "-q", "-F", "-t", "ext4", "-m", "0", "-O", "^has_journal", "-E", "lazy_itable_init=1,nodiscard,root_owner=0:0",
        paths.volumeImage,
      ])
    try Self.run(
      "mount", package: "mount", ["-o", "loop,nodev,nosuid,noatime", paths.volumeImage, paths.volume])
  }

  private static func run(_ name: String, package: String, _ arguments: [String]) throws(ExecutorError) {
    let places = ["/usr/sbin/", "/sbin/", "/usr/bin/", "/bin/"]
    guard let program = places.map({ $0 + name }).first(where: SmallFile.exists) else {
      throw .missingProgram(name: name, package: package)
    }
    let command = Subprocess(program, arguments, environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"])
    let outcome: Subprocess.Outcome
    do throws(SystemCallError) { outcome = try command.run() } catch { throw ExecutorError(error, path: program) }
    guard outcome.termination.isSuccess else {
      throw .program(name: name, message: TaskRunner.tail(outcome.errorText))
    }
  }

  /// Bytes in use, and whether no more can be written.
  func usage() -> (bytes: Int, isFull: Bool)? {
    var status = statvfs()
    guard statvfs(paths.volume, &status) == 0 else { return nil }
    let block = Int(status.f_frsize)
    let used = Int(status.f_blocks - status.f_bfree) * block
    let isFull = Int(status.f_bavail) * block < 64 << 10 || (status.f_files > 0 && status.f_ffree == 0)
    return (used, isFull || used > size)
  }

  /// For people: the storage of the task's files.
  var text: String {
    switch kind {
    case .memory: "disk: \(TaskRunner.bytes(size)) in memory (tmpfs)"
    case .image: "disk: \(TaskRunner.bytes(size)) in a file (ext4 on a loop device)"
    }
  }

  // MARK: After the task

  /// Whether a file system is mounted for the task.
  static func isMounted(_ paths: TaskPaths) -> Bool {
    var inner = stat()
    var outer = stat()
    guard lstat(paths.volume, &inner) == 0, lstat(paths.directory, &outer) == 0 else { return false }
    return inner.st_dev != outer.st_dev
  }

  /// Mounts the file of an ended task again, for reading, after a reboot of the host. Does nothing if it is mounted, or
  /// was in memory.
  ///
  /// - Returns: whether this call mounted it.
  static func remount(_ paths: TaskPaths) throws(ExecutorError) -> Bool {
    guard SmallFile.exists(paths.volumeImage), SmallFile.exists(paths.volume), !isMounted(paths) else { return false }
    // A half-written file after a power cut must not be used.
    try run(
      "mount", package: "mount", ["-o", "loop,ro,nodev,nosuid,noexec,noatime", paths.volumeImage, paths.volume])
    return true
  }

  /// Whether the file system is in memory.
  static func isInMemory(_ paths: TaskPaths) -> Bool { isMounted(paths) && !SmallFile.exists(paths.volumeImage) }

  /// Removes the file system and leaves its contents in plain directories if they are small. A large one stays mounted,
  /// for readers of logs. Without a file system, does nothing.
  static func settle(_ paths: TaskPaths) throws(ExecutorError) {
    guard isMounted(paths) else { return }
    var status = statvfs()
    guard statvfs(paths.volume, &status) == 0 else { throw .last("statvfs", paths.volume) }
    guard isInMemory(paths) || Int(status.f_blocks - status.f_bfree) * Int(status.f_frsize) <= largestCopied else {
      return
    }
    let copies = paths.directory + "/volume.copy"
    do throws(SystemCallError) {
      try FileSystem.removeTree(FilePath(copies))
    } catch {
      throw ExecutorError(error, path: copies)
    }
    guard mkdir(copies, 0o711) == 0 else { throw .last("mkdir", copies) }
    // Temporary files have no use without their task.
    for (name, _) in directories(paths) where name != "tmp" {
      try TreeCopy.copy("\(paths.volume)/\(name)", to: "\(copies)/\(name)")
    }
    for (name, path) in directories(paths) {
      unlink(path)
      if name == "tmp" {
        mkdir(path, 0o700)
      } else {
        guard rename("\(copies)/\(name)", path) == 0 else { throw .last("rename", path) }
      }
    }
    rmdir(copies)
    unmount(paths)
  }

  /// Removes the file system with its contents.
  static func unmount(_ paths: TaskPaths) {
    while isMounted(paths), kilt_unmount(paths.volume) == 0 {}
    rmdir(paths.volume)
    unlink(paths.volumeImage)
  }
}

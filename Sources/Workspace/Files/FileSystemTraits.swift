internal import SystemPackage
internal import SystemSupport

/// The properties of a directory's file system that matter for detecting changed files (statfs(2)).
struct FileSystemTraits {
  /// Inode numbers can differ from mount to mount: overlayfs, network and user-space file systems.
  let hasUnstableInodes: Bool
  /// The maximum difference of two times for changes in one tick of the clock, in nanoseconds.
  let timestampSlack: Int64

  init(of descriptor: CInt) {
    switch FileSystem.fileSystemType(of: FileDescriptor(rawValue: descriptor)) {
    // ext, xfs, btrfs, tmpfs, f2fs, zfs: two jiffies of the slowest clock.
    case 0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0xF2F5_2010, 0x2FC1_2FC1:
      hasUnstableInodes = false
      timestampSlack = 20_000_000
    case 0x794C_7630:  // overlayfs
      hasUnstableInodes = true
      timestampSlack = 20_000_000
    default:
      hasUnstableInodes = true
      timestampSlack = 2_000_000_000
    }
  }
}

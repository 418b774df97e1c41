internal import CSystemShims
internal import Glibc

/// The result of stat(2) for a file. Times are nanoseconds since 1970.
public struct FileStatus: Sendable, Hashable {
  public enum Kind: Sendable, Hashable { case file, directory, symbolicLink, other }

  public var kind: Kind
  public var size: Int64
  public var modificationTime: Int64
  public var changeTime: Int64
  public var inode: UInt64
  public var device: UInt64
  /// The permission bits, `0o7777` of st_mode.
  public var permissions: UInt32
  public var owner: UInt32
  public var group: UInt32
  public var links: UInt64

  public var isExecutable: Bool { permissions & 0o111 != 0 }

  init(_ status: stat) {
    switch status.st_mode & S_IFMT {
    case S_IFREG: kind = .file
    case S_IFDIR: kind = .directory
    case S_IFLNK: kind = .symbolicLink
    default: kind = .other
    }
    size = Int64(status.st_size)
    modificationTime = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    changeTime = Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec)
    inode = UInt64(status.st_ino)
    device = UInt64(status.st_dev)
    permissions = UInt32(status.st_mode) & 0o7777
    owner = status.st_uid
    group = status.st_gid
    links = UInt64(status.st_nlink)
  }
}

extension FileSystem {
  /// The status of a file. Does not follow a symbolic link at the end of the path unless told to.
  public static func status(
    of path: FilePath, followingLinks: Bool = false
  ) throws(SystemCallError) -> FileStatus {
    var status = stat()
    let result = path.withPlatformString { fstatat(AT_FDCWD, $0, &status, followingLinks ? 0 : AT_SYMLINK_NOFOLLOW) }
    if result != 0 { throw .current("stat", path) }
    return FileStatus(status)
  }

  /// The status of an open file.
  public static func status(of file: FileDescriptor) throws(SystemCallError) -> FileStatus {
    var status = stat()
    if fstat(file.rawValue, &status) != 0 { throw .current("fstat") }
    return FileStatus(status)
  }

  /// The kind of file system an open file is on, by the number of statfs(2); 0 when it cannot be told.
  public static func fileSystemType(of file: FileDescriptor) -> UInt32 {
    UInt32(truncatingIfNeeded: kilt_file_system_type(file.rawValue))
  }

  /// The status, or nil if the path does not exist. Throws other errors.
  public static func statusIfPresent(
    of path: FilePath, followingLinks: Bool = false
  ) throws(SystemCallError) -> FileStatus? {
    do throws(SystemCallError) {
      return try status(of: path, followingLinks: followingLinks)
    } catch {
      if error.isMissing { return nil }
      throw error
    }
  }

  /// Whether anything at that path, even a dangling link, exists and can be examined.
  public static func exists(_ path: FilePath) -> Bool {
    var status = stat()
    return path.withPlatformString { fstatat(AT_FDCWD, $0, &status, AT_SYMLINK_NOFOLLOW) } == 0
  }
}

// DirectoryTrust: whether another user could have written what a directory holds. Caches hold programs: what they give
// out is executed, so a directory that others can change is refused before anything in it is read.

internal import Glibc
public import SystemSupport

/// A directory that a user other than this process's own and root can change.
public struct ForeignWriter: Sendable, Hashable {
  /// How the directory can be changed.
  public enum Reason: Sendable, Hashable {
    /// Another user, by id, owns it.
    case owner(UInt32)
    /// Every user can write to it (mode bit 0002, without the protection of the sticky bit).
    case everyone
    /// The members of a group, by id, can write to it (mode bit 0020).
    case group(UInt32)
  }

  /// The directory: the one that was asked about, or one above it.
  public var path: FilePath
  public var reason: Reason

  public init(path: FilePath, reason: Reason) {
    self.path = path
    self.reason = reason
  }
}

/// Decides who can change a directory, from owners and modes of it and of every directory above it.
public enum DirectoryTrust {
  /// Finds the first directory, from `path` upward, that another user could change. Nil when there is none.
  ///
  /// Root and the user of this process are trusted. A sticky directory such as `/tmp` protects the names of others
  /// (unlink(2), `EPERM`), so it is accepted above `path`, and not as `path` itself. Group write access is accepted where
  /// the group is the user's own private group. A path that does not exist is judged by its nearest existing ancestor.
  /// In a user namespace, owners without a mapping appear as one id (`/proc/sys/fs/overflowuid`) and are accepted.
  ///
  /// - Throws: what stat(2) and realpath(3) give for a directory that exists.
  public static func foreignWriter(of path: FilePath) throws(SystemCallError) -> ForeignWriter? {
    var existing = path
    var isPath = true
    while try FileSystem.statusIfPresent(of: existing, followingLinks: true) == nil {
      let parent = existing.removingLastComponent()
      // A relative path ends at the directory that it is relative to.
      existing = parent.isEmpty ? "." : parent
      isPath = false
    }
    var directory = try FileSystem.canonicalPath(existing)
    while true {
      let status = try FileSystem.status(of: directory)
      if let reason = reason(status, isSticky: !isPath && status.permissions & 0o1000 != 0) {
        return ForeignWriter(path: directory, reason: reason)
      }
      let parent = directory.removingLastComponent()
      if parent == directory || parent.isEmpty { return nil }
      directory = parent
      isPath = false
    }
  }

  /// The effective user id of this process.
  static var user: UInt32 { geteuid() }

  static func reason(_ status: FileStatus, isSticky: Bool) -> ForeignWriter.Reason? {
    if status.owner != 0, status.owner != user, !isUnmapped(status.owner) { return .owner(status.owner) }
    if isSticky { return nil }
    if status.permissions & 0o002 != 0 { return .everyone }
    if status.permissions & 0o020 != 0, status.group != 0, !isPrivateGroup(status.group, of: user) {
      return .group(status.group)
    }
    return nil
  }

  /// Whether an id stands for owners that this process's user namespace does not know.
  private static func isUnmapped(_ owner: UInt32) -> Bool {
    guard owner == overflowID else { return false }
    // The first namespace maps every id to itself (user_namespaces(7)).
    let map = read("/proc/self/uid_map").split { $0 == " " || $0 == "\n" }
    return map != ["0", "0", "4294967295"]
  }

  private static var overflowID: UInt32 {
    UInt32(read("/proc/sys/fs/overflowuid").prefix { $0 != "\n" }) ?? 65534
  }

  /// A file of proc(5); empty where it cannot be read, which makes the answer stricter.
  private static func read(_ path: FilePath) -> String {
    do throws(SystemCallError) { return try FileSystem.readText(path) } catch { return "" }
  }

  /// Whether a group has the name of the user and no other member: distributions make one for each user.
  private static func isPrivateGroup(_ group: UInt32, of user: UInt32) -> Bool {
    guard let name = getpwuid(user).map({ String(cString: $0.pointee.pw_name) }),
      let entry = getgrgid(group)?.pointee, String(cString: entry.gr_name) == name
    else { return false }
    var members = entry.gr_mem
    while let list = members, let member = list.pointee {
      if String(cString: member) != name { return false }
      members = list + 1
    }
    return true
  }
}

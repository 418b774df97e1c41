// DirectoryTrust: whether another user could have written the contents of a directory. Caches hold programs that Kilt
// executes, so Kilt refuses a directory that others can change before it reads anything in it.

internal import CSystemShims
internal import Glibc
public import SystemSupport

/// A directory that a user other than this process's own and root can change.
public struct ForeignWriter: Sendable, Hashable {
  /// The way in which another user can change the directory.
  public enum Reason: Sendable, Hashable {
    /// Another user, by id, owns it.
    case owner(UInt32)
    /// Every user can write to it (mode bit 0002, without the protection of the sticky bit).
    case everyone
    /// The members of a group, by id, can write to it (mode bit 0020).
    case group(UInt32)
    /// Users or groups of its access list (acl(5)) can write to it.
    case accessList
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
  /// Finds the first directory, from the root down, through which another user could change `path`. Nil if there is
  /// none.
  ///
  /// Follows symbolic links one by one: the directory that holds a link counts too, and the owner of the link. Root and
  /// the user of this process are trusted. A sticky directory such as `/tmp` protects the names of others (unlink(2),
  /// `EPERM`), so it is accepted above `path`, but not as `path` itself. Group write access is accepted if the group is
  /// the user's own private group, and there is no access list. A path that does not exist is judged by its nearest
  /// existing ancestor. In a user namespace, owners without a mapping appear as one ID (`/proc/sys/fs/overflowuid`) and
  /// are accepted.
  ///
  /// - Throws: the errors of lstat(2) and readlink(2) for a path that exists, and `ELOOP`.
  public static func foreignWriter(of path: FilePath) throws(SystemCallError) -> ForeignWriter? {
    var directory: FilePath = "/"
    var rest = Array(path.components.reversed())
    if !path.isAbsolute { rest += FilePath(try FileSystem.canonicalPath(".").string).components.reversed() }
    var links = 0
    while true {
      let status = try FileSystem.status(of: directory)
      if let reason = reason(status, of: directory, isSticky: !rest.isEmpty && status.permissions & 0o1000 != 0) {
        return ForeignWriter(path: directory, reason: reason)
      }
      guard let name = rest.popLast() else { return nil }
      switch name.kind {
      case .currentDirectory: continue
      case .parentDirectory:
        directory.removeLastComponent()
        continue
      case .regular: break
      }
      let next = directory.appending(name)
      guard let found = try FileSystem.statusIfPresent(of: next) else { return nil }
      guard found.kind == .symbolicLink else {
        directory = next
        continue
      }
      if isForeign(found.owner) { return ForeignWriter(path: next, reason: .owner(found.owner)) }
      links += 1
      guard links <= 40 else { throw SystemCallError("readlink", path, .tooManySymbolicLinkLevels) }
      let target = try FileSystem.readLink(next)
      rest += target.components.reversed()
      if target.isAbsolute { directory = "/" }
    }
  }

  /// The effective user id of this process.
  static var user: UInt32 { geteuid() }

  static func reason(_ status: FileStatus, of path: FilePath, isSticky: Bool) -> ForeignWriter.Reason? {
    if isForeign(status.owner) { return .owner(status.owner) }
    if isSticky { return nil }
    if status.permissions & 0o002 != 0 { return .everyone }
    guard status.permissions & 0o020 != 0 else { return nil }
    if hasAccessList(path) { return .accessList }
    return status.group != 0 && !isPrivateGroup(status.group, of: user) ? .group(status.group) : nil
  }

  private static func isForeign(_ owner: UInt32) -> Bool { owner != 0 && owner != user && !isUnmapped(owner) }

  /// Whether a directory has an access list (acl(5)): the group bits of its mode are then the bits of the list.
  private static func hasAccessList(_ path: FilePath) -> Bool {
    path.withPlatformString { kilt_has_access_list($0) } != 0
  }

  /// Whether an ID represents owners that this process's user namespace does not know.
  private static func isUnmapped(_ owner: UInt32) -> Bool {
    guard owner == overflowID else { return false }
    // The first namespace maps every id to itself (user_namespaces(7)).
    let map = read("/proc/self/uid_map").split { $0 == " " || $0 == "\n" }
    return map != ["0", "0", "4294967295"]
  }

  private static var overflowID: UInt32 {
    UInt32(read("/proc/sys/fs/overflowuid").prefix { $0 != "\n" }) ?? 65534
  }

  /// A file of proc(5); empty if it cannot be read, which makes the answer stricter.
  private static func read(_ path: FilePath) -> String {
    do throws(SystemCallError) { return try FileSystem.readText(path) } catch { return "" }
  }

  /// Whether a group has the name of the user and no other member: distributions create such a group for each user.
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

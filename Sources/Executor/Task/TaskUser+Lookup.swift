import Glibc
public import JobModel

extension TaskUser {
  /// Returns the user of this name in the host's user database; nil if there is none.
  ///
  /// - Throws: ``ExecutorError`` if the database cannot be read, such as without a free descriptor: a user that is not
  ///   found then can exist.
  static func named(_ name: String) throws(ExecutorError) -> TaskUser? {
    var (buffer, entry) = ([CChar](repeating: 0, count: 1 << 14), passwd())
    while true {
      var found: UnsafeMutablePointer<passwd>?
      let code = getpwnam_r(name, &entry, &buffer, buffer.count, &found)
      if found != nil { return TaskUser(name: name, id: entry.pw_uid, group: entry.pw_gid) }
      switch code {
      case 0, ENOENT, ESRCH: return nil
      case EINTR: continue
      case ERANGE where buffer.count < 1 << 22: buffer = [CChar](repeating: 0, count: buffer.count * 2)
      default: throw .library(call: "getpwnam_r", code: code)
      }
    }
  }

  /// The user that this process runs as.
  static func current() -> TaskUser {
    let id = getuid()
    var (buffer, entry) = ([CChar](repeating: 0, count: 1 << 14), passwd())
    var found: UnsafeMutablePointer<passwd>?
    getpwuid_r(id, &entry, &buffer, buffer.count, &found)
    let name = found == nil ? "\(id)" : String(cString: entry.pw_name)
    return TaskUser(name: name, id: id, group: getgid())
  }

  /// The user of this process under the name of the task's user: whoever made the container chose its ID.
  static func ofContainer(named name: String) -> (user: TaskUser, warning: String?) {
    (TaskUser(name: name, id: getuid(), group: getgid()), nil)
  }

  /// Whom a task of the user `name` runs as, and a warning when that is somebody else.
  ///
  /// - Parameter allowedRoots: the users with the ID 0 that tasks can run as, by name.
  static func forTask(
    _ name: String, allowsMissing: Bool, allowedRoots: [String]
  ) throws(ExecutorError) -> (user: TaskUser, warning: String?) {
    let current = TaskUser.current()
    if let user = try TaskUser.named(name) {
      if user.id == 0, current.id == 0, !allowedRoots.contains(name) { throw .rootRefused(user: name) }
      if current.id == 0 || user.id == current.id { return (user, nil) }
      guard allowsMissing else { throw .cannotBecome(user: name, current: current.name) }
      return (current, "the task runs as \"\(current.name)\", not as \"\(name)\": the executor is not root")
    }
    guard allowsMissing else { throw .missingUser(name) }
    guard current.id == 0 else {
      return (current, "the user \"\(name)\" does not exist: running as \"\(current.name)\"")
    }
    guard let nobody = try TaskUser.named("nobody") else { throw .missingUser("nobody") }
    return (nobody, "the user \"\(name)\" does not exist: running as \"nobody\"")
  }
}

/// Tells as whom an executor of this process's user runs tasks.
public enum TaskIdentity {
  /// Returns the IDs of the user and the group that a container of a task of the user `name` runs as.
  ///
  /// - Throws: ``ExecutorError`` as ``resolve(_:allowsMissing:allowedRoots:)``.
  public static func numbers(
    _ name: String, allowsMissing: Bool, allowedRoots: [String]
  ) throws(ExecutorError) -> (id: UInt32, group: UInt32) {
    // Whoever is not root cannot become another user; an engine can. So the user's own ID is taken here.
    if let user = try TaskUser.named(name) {
      if user.id == 0, !allowedRoots.contains(name) { throw .rootRefused(user: name) }
      return (user.id, user.group)
    }
    guard allowsMissing, let nobody = try TaskUser.named("nobody") else { throw .missingUser(name) }
    return (nobody.id, nobody.group)
  }

  /// Returns the user that a task of the user `name` runs as.
  ///
  /// - Throws: ``ExecutorError`` when such a task is refused, or when the host's user database cannot be asked.
  public static func resolve(
    _ name: String, allowsMissing: Bool, allowedRoots: [String]
  ) throws(ExecutorError) -> RunsAs {
    let user = try TaskUser.forTask(name, allowsMissing: allowsMissing, allowedRoots: allowedRoots).user
    return user.name == name ? .user(name) : .other(user.name, insteadOf: name)
  }
}

import Glibc

extension TaskUser {
  /// The user of this name in the host's user database; nil when there is none.
  static func named(_ name: String) -> TaskUser? {
    guard let entry = getpwnam(name)?.pointee else { return nil }
    return TaskUser(name: name, id: entry.pw_uid, group: entry.pw_gid)
  }

  /// The user this process runs as.
  static func current() -> TaskUser {
    let id = getuid()
    let name = getpwuid(id).map { String(cString: $0.pointee.pw_name) } ?? "\(id)"
    return TaskUser(name: name, id: id, group: getgid())
  }

  /// Whom a task of the user `name` runs as, and a warning when that is somebody else.
  ///
  /// - Parameter allowedRoots: the users with the ID 0 that tasks can run as, by name.
  static func forTask(
    _ name: String, allowsMissing: Bool, allowedRoots: [String]
  ) throws(ExecutorError) -> (user: TaskUser, warning: String?) {
    let current = TaskUser.current()
    if let user = TaskUser.named(name) {
      if user.id == 0, current.id == 0, !allowedRoots.contains(name) { throw .rootRefused(user: name) }
      if current.id == 0 || user.id == current.id { return (user, nil) }
      guard allowsMissing else { throw .cannotBecome(user: name, current: current.name) }
      return (current, "the task runs as '\(current.name)', not as '\(name)': the executor is not root")
    }
    guard allowsMissing else { throw .missingUser(name) }
    guard current.id == 0 else { return (current, "the user '\(name)' does not exist: running as '\(current.name)'") }
    guard let nobody = TaskUser.named("nobody") else { throw .missingUser("nobody") }
    return (nobody, "the user '\(name)' does not exist: running as 'nobody'")
  }
}

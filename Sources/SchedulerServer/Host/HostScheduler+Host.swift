internal import Diagnostics
internal import JSON
internal import JobModel
internal import SchedulerCore
internal import SchedulerStore
internal import SystemSupport

// Operations on the whole host: drains and backups.
extension HostScheduler {
  /// The backups of this scheduler.
  private var backups: FilePath { options.stateDirectory.appending("backups") }
  /// The number of backups that are kept.
  private static let keptBackups = 48

  /// Writes a copy of the database, and returns its path. The oldest copies beyond the number that is kept are removed.
  func backup() throws -> FilePath {
    drain()
    try FileSystem.createDirectories(backups, permissions: 0o700)
    let stamp = Self.now().description.filter { $0.isNumber || $0 == "T" }
    let path = backups.appending("scheduler-\(stamp).sqlite")
    try store.backup(to: path.string)
    let names = try FileSystem.list(backups).map(\.name).filter {
      $0.hasPrefix("scheduler-") && $0.hasSuffix(".sqlite")
    }
    for name in names.sorted().dropLast(Self.keptBackups) { try FileSystem.removeFile(backups.appending(name)) }
    return path
  }

  func startDrain(patience: Duration?, user: String?, reason: String?) throws {
    try apply(.startDrain(patience: patience, user: user, reason: reason))
  }

  func endDrain(user: String?) throws { try apply(.endDrain(user: user)) }

  /// Whether the host is being drained, since when, and the tasks that still run.
  var drainDescription: JSONValue {
    let state = store.state
    var object = JSONObject([("draining", .bool(state.drain != nil))])
    if let drain = state.drain {
      object["since"] = .string(drain.startedAt.description)
      if let time = drain.forceAt { object["force_at"] = .string(time.description) }
      if let user = drain.user { object["user"] = .string(user) }
      if let reason = drain.reason { object["reason"] = .string(reason) }
    }
    object["tasks"] = .array(
      state.placedTasks.map { task in
        var entry = JSONObject([
          ("instance", .string("\(task.instanceKey)")), ("status", .string(task.status.rawValue)),
        ])
        if task.requestedEnd != nil { entry["waits_for"] = "sla_policy" }
        return .object(entry)
      })
    return .object(object)
  }
}

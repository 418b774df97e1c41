internal import GRDB
internal import JSON
internal import JobModel
internal import Pipelines
internal import SchedulerCore

/// The state in rows: read whole at start, written by what changed.
enum StoredState {
  /// Events kept at most, and for how long.
  static let eventLimit = 100_000
  static let eventAge: Duration = .seconds(30 * 86_400)

  static func write(
    _ change: StateChange, configurations: inout ConfigurationTable, _ connection: Database
  ) throws {
    let after = change.after
    if change.changes.clockShift != .zero {
      try connection.execute(
        sql: "UPDATE events SET time = time + ?", arguments: [change.changes.clockShift.milliseconds])
    }
    let put = try connection.cachedStatement(
      sql: """
        INSERT INTO tasks (id, job, instance, status, configuration, body) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET status = excluded.status, configuration = excluded.configuration,
          body = excluded.body
        """)
    let delete = try connection.cachedStatement(sql: "DELETE FROM tasks WHERE id = ?")
    for id in change.changes.tasks {
      guard let task = after.tasks[id] else {
        try delete.execute(arguments: [id.rawValue])
        continue
      }
      try put.execute(
        arguments: [
          id.rawValue, task.job.description, task.instance, task.status.rawValue,
          try configurations.id(of: task.shared, connection), task.jsonWithoutConfiguration.text(.compact),
        ])
    }
    for key in change.changes.jobs { try write(after.record(of: key), key, connection) }
    for id in change.changes.updates {
      guard let update = after.updates[id] else {
        try connection.execute(sql: "DELETE FROM updates WHERE id = ?", arguments: [id.rawValue])
        continue
      }
      try connection.cachedStatement(
        sql: """
          INSERT INTO updates (id, job, status, body) VALUES (?, ?, ?, ?)
          ON CONFLICT (id) DO UPDATE SET status = excluded.status, body = excluded.body
          """
      ).execute(
        arguments: [id.rawValue, update.job.description, update.status.rawValue, update.json.text(.compact)])
    }
    for key in change.changes.quotas {
      if let quota = after.quotas[key] {
        try self.put("quotas", "role", key.description, quota.json, connection)
      } else {
        try connection.execute(sql: "DELETE FROM quotas WHERE role = ?", arguments: [key.description])
      }
    }
    for key in change.changes.schedules {
      if let schedule = after.schedules[key] {
        try self.put("pipeline_schedules", "key", key, schedule.json, connection)
      } else {
        try connection.execute(sql: "DELETE FROM pipeline_schedules WHERE key = ?", arguments: [key])
      }
    }
    for id in change.changes.pipelines.keys.sorted() { try write(pipeline: id, change, connection) }
    for event in change.events { try event.insert(connection) }
    if change.before.hosts != after.hosts {
      // One host is stored as earlier versions have it.
      let offers = after.hosts.map(\.json)
      let value = offers.count == 1 ? offers[0] : .array(offers)
      try putMeta("host", offers.isEmpty ? nil : value.text(.compact), connection)
    }
    if change.before.drain != after.drain {
      try putMeta("drain", after.drain.map { $0.json.text(.compact) }, connection)
    }
    if change.before.clock != after.clock {
      try putMeta("clock", after.clock.map { $0.json.text(.compact) }, connection)
    }
    try putMeta("next_sequence", after.nextSequence, connection)
    try putMeta("next_port", after.nextPort, connection)
    try putMeta("time", after.time.milliseconds, connection)
    if change.before.prunedAt != after.prunedAt { try pruneEvents(now: after.time, connection) }
  }

  /// Writes a job and its new or changed releases.
  private static func write(_ job: JobRecord?, _ key: JobKey, _ connection: Database) throws {
    let text = key.description
    guard let job else {
      try connection.execute(sql: "DELETE FROM jobs WHERE key = ?", arguments: [text])
      try connection.execute(sql: "DELETE FROM releases WHERE job = ?", arguments: [text])
      return
    }
    try put("jobs", "key", text, job.jsonWithoutRevisions, connection)
    let known = try Row.fetchOne(
      connection, sql: "SELECT min(number) AS first, max(number) AS last FROM releases WHERE job = ?", arguments: [text]
    )
    let first: Int? = known?["first"]
    let last: Int? = known?["last"]
    if let first, let oldest = job.revisions.first?.number, first < oldest {
      try connection.execute(sql: "DELETE FROM releases WHERE job = ? AND number < ?", arguments: [text, oldest])
    }
    // A release changes but once, when the update ends that brought it: it is among the last.
    for revision in job.revisions where revision.number > (last ?? 0) || revision.number >= job.current {
      try connection.cachedStatement(
        sql: """
          INSERT INTO releases (job, number, body) VALUES (?, ?, ?)
          ON CONFLICT (job, number) DO UPDATE SET body = excluded.body WHERE body <> excluded.body
          """
      ).execute(arguments: [text, revision.number, revision.json.text(.compact)])
    }
  }

  static func load(_ connection: Database) throws -> (SchedulerState, ConfigurationTable) {
    var table = ConfigurationTable()
    var configurations: [Int64: SharedConfiguration] = [:]
    for row in try Row.fetchAll(connection, sql: "SELECT id, body FROM configurations") {
      let configuration = SharedConfiguration(try JobConfiguration(json: json(row, "body")))
      configurations[row["id"]] = configuration
      table.note(configuration, row["id"])
    }
    var tasks: [TaskRecord] = []
    for row in try Row.fetchAll(connection, sql: "SELECT configuration, body FROM tasks") {
      let number: Int64 = row["configuration"]
      guard let configuration = configurations[number] else {
        throw ModelError(path: "configuration", problem: .missing)
      }
      tasks.append(try TaskRecord(json: json(row, "body"), configuration: configuration))
    }
    var releases: [String: [JobRevision]] = [:]
    for row in try Row.fetchAll(connection, sql: "SELECT job, body FROM releases ORDER BY job, number") {
      releases[row["job"], default: []].append(try JobRevision(json: json(row, "body")))
    }
    let jobs = try Row.fetchAll(connection, sql: "SELECT key, body FROM jobs").map { row in
      try JobRecord(json: json(row, "body"), revisions: releases[row["key"]] ?? [])
    }
    let updates = try Row.fetchAll(connection, sql: "SELECT body FROM updates").map {
      try JobUpdate(json: json($0, "body"))
    }
    var quotas: [QuotaKey: Resources] = [:]
    for row in try Row.fetchAll(connection, sql: "SELECT role, body FROM quotas") {
      let text: String = row["role"]
      guard let key = QuotaKey(text) else {
        throw ModelError(path: "quotas.role", problem: .badValue(text, allowed: []))
      }
      quotas[key] = try Resources(json: json(row, "body"))
    }
    let stored = try meta("host", String.self, connection).map { try parse($0) }
    let hosts = try stored.map { try ($0.array ?? [$0]).map { try HostOffer(json: $0) } } ?? []
    let drain = try meta("drain", String.self, connection).map { try HostDrain(json: parse($0)) }
    let clock = try meta("clock", String.self, connection).map { try SchedulerClock.Anchor(json: parse($0)) }
    let time = Timestamp(milliseconds: try meta("time", Int64.self, connection) ?? 0)
    let state = SchedulerState(
      jobs: jobs, tasks: tasks, updates: updates, hosts: hosts, drain: drain, clock: clock,
      quotas: quotas, pipelines: try loadPipelines(connection),
      schedules: try Row.fetchAll(connection, sql: "SELECT body FROM pipeline_schedules").map {
        try ScheduledPipeline(json: json($0, "body"))
      },
      nextSequence: try meta("next_sequence", Int.self, connection) ?? 1,
      nextPort: try meta("next_port", Int.self, connection) ?? 0, time: time, prunedAt: time)
    return (state, table)
  }

  private static func put(
    _ table: String, _ column: String, _ key: String, _ body: JSONValue, _ connection: Database
  ) throws {
    try connection.cachedStatement(
      sql: "INSERT INTO \(table) (\(column), body) VALUES (?, ?) ON CONFLICT DO UPDATE SET body = excluded.body"
    ).execute(arguments: [key, body.text(.compact)])
  }

  private static func putMeta(_ name: String, _ value: (any DatabaseValueConvertible)?, _ connection: Database) throws {
    try connection.cachedStatement(
      sql: "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
    ).execute(arguments: [name, value])
  }

  private static func meta<Value: DatabaseValueConvertible>(
    _ name: String, _: Value.Type, _ connection: Database
  ) throws -> Value? {
    try Value.fetchOne(connection, sql: "SELECT value FROM meta WHERE name = ?", arguments: [name])
  }

  private static func json(_ row: Row, _ column: String) throws -> JSONValue { try parse(row[column]) }

  private static func parse(_ text: String) throws -> JSONValue {
    do {
      return try JSONValue(parsing: text)
    } catch {
      throw ModelError(path: "", problem: .notJSON(error))
    }
  }

  private static func pruneEvents(now: Timestamp, _ connection: Database) throws {
    try connection.execute(
      sql: "DELETE FROM events WHERE time < ? OR id <= (SELECT max(id) FROM events) - ?",
      arguments: [now.milliseconds - eventAge.milliseconds, eventLimit])
  }
}

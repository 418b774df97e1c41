internal import GRDB
internal import JSON
internal import JobModel
internal import SchedulerCore

/// Which row holds which configuration: many tasks share one.
struct ConfigurationTable {
  private var ids: [JobConfiguration: Int64] = [:]

  init() {}

  mutating func note(_ configuration: JobConfiguration, _ id: Int64) { ids[configuration] = id }

  /// The row of a configuration; written if it is new.
  mutating func id(of configuration: JobConfiguration, _ connection: Database) throws -> Int64 {
    if let id = ids[configuration] { return id }
    try connection.execute(
      sql: "INSERT INTO configurations (body) VALUES (?)", arguments: [configuration.json.text(.canonical)])
    let id = connection.lastInsertedRowID
    ids[configuration] = id
    return id
  }
}

/// The state in rows: read whole at start, written by what changed.
enum StoredState {
  /// Events kept at most, and for how long.
  static let eventLimit = 100_000
  static let eventAge: Duration = .seconds(30 * 86_400)

  /// Whether there is anything to write: most ticks change nothing but the time.
  static func mustWrite(_ outcome: Scheduler.Outcome, from before: SchedulerState, to after: SchedulerState) -> Bool {
    !outcome.changes.isEmpty || before.host != after.host || before.nextPort != after.nextPort
      || before.nextSequence != after.nextSequence || !recorded(outcome).isEmpty
  }

  static func write(
    _ outcome: Scheduler.Outcome, from before: SchedulerState, to after: SchedulerState,
    configurations: inout ConfigurationTable, _ connection: Database
  ) throws {
    for id in outcome.changes.tasks {
      guard let task = after.tasks[id] else {
        try connection.execute(sql: "DELETE FROM tasks WHERE id = ?", arguments: [id.rawValue])
        continue
      }
      try connection.execute(
        sql: """
          INSERT INTO tasks (id, job, instance, status, configuration, body) VALUES (?, ?, ?, ?, ?, ?)
          ON CONFLICT (id) DO UPDATE SET status = excluded.status, body = excluded.body
          """,
        arguments: [
          id.rawValue, task.job.description, task.instance, task.status.rawValue,
          try configurations.id(of: task.configuration, connection), task.jsonWithoutConfiguration.text(.compact),
        ])
    }
    for key in outcome.changes.jobs {
      if let job = after.jobs[key] {
        try put("jobs", "key", key.description, job.json, connection)
      } else {
        try connection.execute(sql: "DELETE FROM jobs WHERE key = ?", arguments: [key.description])
      }
    }
    for id in outcome.changes.updates {
      guard let update = after.updates[id] else {
        try connection.execute(sql: "DELETE FROM updates WHERE id = ?", arguments: [id.rawValue])
        continue
      }
      try connection.execute(
        sql: """
          INSERT INTO updates (id, job, status, body) VALUES (?, ?, ?, ?)
          ON CONFLICT (id) DO UPDATE SET status = excluded.status, body = excluded.body
          """,
        arguments: [id.rawValue, update.job.description, update.status.rawValue, update.json.text(.compact)])
    }
    for role in outcome.changes.quotas {
      if let quota = after.quotas[role] {
        try put("quotas", "role", role, quota.json, connection)
      } else {
        try connection.execute(sql: "DELETE FROM quotas WHERE role = ?", arguments: [role])
      }
    }
    for event in recorded(outcome) { try event.insert(connection) }
    if before.host != after.host { try putMeta("host", after.host.map { $0.json.text(.compact) }, connection) }
    try putMeta("next_sequence", after.nextSequence, connection)
    try putMeta("next_port", after.nextPort, connection)
    try putMeta("time", after.time.milliseconds, connection)
    if before.prunedAt != after.prunedAt { try pruneEvents(now: after.time, connection) }
  }

  static func load(_ connection: Database) throws -> (SchedulerState, ConfigurationTable) {
    var table = ConfigurationTable()
    var configurations: [Int64: JobConfiguration] = [:]
    for row in try Row.fetchAll(connection, sql: "SELECT id, body FROM configurations") {
      let configuration = try JobConfiguration(json: json(row, "body"))
      configurations[row["id"]] = configuration
      table.note(configuration, row["id"])
    }
    var tasks: [TaskID: TaskRecord] = [:]
    for row in try Row.fetchAll(connection, sql: "SELECT configuration, body FROM tasks") {
      let number: Int64 = row["configuration"]
      guard let configuration = configurations[number] else {
        throw ModelError(path: "configuration", problem: .missing)
      }
      let task = try TaskRecord(json: json(row, "body"), configuration: configuration)
      tasks[task.id] = task
    }
    var jobs: [JobKey: JobRecord] = [:]
    for row in try Row.fetchAll(connection, sql: "SELECT body FROM jobs") {
      let job = try JobRecord(json: json(row, "body"))
      jobs[job.key] = job
    }
    var updates: [UpdateID: JobUpdate] = [:]
    for row in try Row.fetchAll(connection, sql: "SELECT body FROM updates") {
      let update = try JobUpdate(json: json(row, "body"))
      updates[update.id] = update
    }
    var quotas: [String: Resources] = [:]
    for row in try Row.fetchAll(connection, sql: "SELECT role, body FROM quotas") {
      quotas[row["role"]] = try Resources(json: json(row, "body"))
    }
    let host = try meta("host", String.self, connection).map { try HostOffer(json: parse($0)) }
    let time = Timestamp(milliseconds: try meta("time", Int64.self, connection) ?? 0)
    let state = SchedulerState(
      jobs: jobs, tasks: tasks, updates: updates, host: host, quotas: quotas,
      nextSequence: try meta("next_sequence", Int.self, connection) ?? 1,
      nextPort: try meta("next_port", Int.self, connection) ?? 0, time: time, prunedAt: time)
    return (state, table)
  }

  private static func recorded(_ outcome: Scheduler.Outcome) -> [RecordedEvent] {
    outcome.effects.compactMap { if case .record(let event) = $0 { event } else { nil } }
  }

  private static func put(
    _ table: String, _ column: String, _ key: String, _ body: JSONValue, _ connection: Database
  ) throws {
    try connection.execute(
      sql: "INSERT INTO \(table) (\(column), body) VALUES (?, ?) ON CONFLICT DO UPDATE SET body = excluded.body",
      arguments: [key, body.text(.compact)])
  }

  private static func putMeta(_ name: String, _ value: (any DatabaseValueConvertible)?, _ connection: Database) throws {
    try connection.execute(
      sql: "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
      arguments: [name, value])
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

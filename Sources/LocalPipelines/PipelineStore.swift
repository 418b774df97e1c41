public import Diagnostics
internal import JSON
internal import JobModel
public import Pipelines
public import SystemSupport

/// Runs of pipelines in SQLite, in the tables of docs/pipelines.md.
public final class PipelineStore {
  private let database: Database
  private let path: FilePath

  /// Opens the database of a directory, and creates it where it does not exist.
  public init(directory: FilePath) throws {
    try FileSystem.createDirectories(directory)
    path = directory.appending("state.sqlite3")
    database = try Database(path.string)
    try database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON")
    let version = try database.run("PRAGMA user_version").first?.integer(0) ?? 0
    guard version <= Self.schemaVersion else {
      throw Diagnostic(
        .environment, "a newer version of Kilt wrote \"\(path)\"",
        remedies: ["use that version, or another directory with --state"])
    }
    if version == 0 {
      try database.transaction { () throws(Diagnostic) in
        // Another process may have been first.
        guard try database.run("PRAGMA user_version").first?.integer(0) == 0 else { return }
        try database.execute(Self.schema + "PRAGMA user_version = \(Self.schemaVersion);")
      }
    }
  }

  static let schemaVersion: Int64 = 1

  private static let schema = """
    CREATE TABLE pipeline_runs (
      id TEXT PRIMARY KEY, pipeline TEXT NOT NULL, stage TEXT, username TEXT, commit_id TEXT, status TEXT NOT NULL,
      parameters TEXT NOT NULL, definition TEXT NOT NULL, created_at INTEGER NOT NULL, ended_at INTEGER,
      stopped_by TEXT, fence INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX pipeline_runs_by_pipeline ON pipeline_runs (pipeline, created_at);
    CREATE TABLE pipeline_steps (
      run TEXT NOT NULL REFERENCES pipeline_runs (id) ON DELETE CASCADE, position INTEGER NOT NULL, step TEXT NOT NULL,
      status TEXT NOT NULL, is_expanded INTEGER NOT NULL, started_at INTEGER, ended_at INTEGER, message TEXT,
      PRIMARY KEY (run, step)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE pipeline_partitions (
      run TEXT NOT NULL REFERENCES pipeline_runs (id) ON DELETE CASCADE, step TEXT NOT NULL, position INTEGER NOT NULL,
      name TEXT NOT NULL, status TEXT NOT NULL, attempts INTEGER NOT NULL, failures INTEGER NOT NULL,
      losses INTEGER NOT NULL, retry_at INTEGER, PRIMARY KEY (run, step, position)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE pipeline_attempts (
      run TEXT NOT NULL REFERENCES pipeline_runs (id) ON DELETE CASCADE, step TEXT NOT NULL, position INTEGER NOT NULL,
      attempt INTEGER NOT NULL, fence INTEGER NOT NULL, status TEXT NOT NULL, started_at INTEGER NOT NULL,
      ended_at INTEGER, heartbeat_at INTEGER, exit_code INTEGER, message TEXT, PRIMARY KEY (run, step, position, attempt)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE pipeline_outputs (
      run TEXT NOT NULL REFERENCES pipeline_runs (id) ON DELETE CASCADE, step TEXT NOT NULL, position INTEGER NOT NULL,
      output TEXT NOT NULL, PRIMARY KEY (run, step, position)
    ) STRICT, WITHOUT ROWID;

    """

  // MARK: Writing

  /// Writes a new run whole.
  public func insert(_ run: PipelineRun) throws(Diagnostic) {
    try database.transaction { () throws(Diagnostic) in
      try put(run)
      for step in run.steps.indices { try put(step: step, of: run) }
      for (step, value) in run.steps.enumerated() {
        for partition in (value.partitions ?? []).indices {
          try put(PartitionKey(step: step, partition: partition), of: run)
        }
      }
    }
  }

  /// Writes what one input changed, in one transaction.
  public func write(_ run: PipelineRun, _ outcome: PipelineOutcome) throws(Diagnostic) {
    try database.transaction { () throws(Diagnostic) in
      try put(run)
      for step in outcome.steps.sorted() { try put(step: step, of: run) }
      for key in outcome.partitions.sorted() { try put(key, of: run) }
      for (key, attempt) in outcome.attempts.sorted(by: { $0.key < $1.key }) { try put(attempt, key, of: run) }
    }
  }

  private func put(_ run: PipelineRun) throws(Diagnostic) {
    try database.run(
      """
      INSERT INTO pipeline_runs
        (id, pipeline, stage, username, commit_id, status, parameters, definition, created_at, ended_at, stopped_by, fence)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET status = excluded.status, ended_at = excluded.ended_at,
        stopped_by = excluded.stopped_by, fence = excluded.fence
      """,
      [
        .text(run.id), .text(run.definition.name), Database.Value(run.stage), Database.Value(run.user),
        Database.Value(run.definition.commit), .text(run.status.rawValue),
        .text(JSONValue.object(run.parameters).text(.compact)), .text(run.definition.json.text(.compact)),
        .integer(run.createdAt.milliseconds), Database.Value(run.endedAt?.milliseconds), Database.Value(run.stoppedBy),
        .integer(Int64(run.fence)),
      ])
  }

  private func put(step position: Int, of run: PipelineRun) throws(Diagnostic) {
    let step = run.steps[position]
    try database.run(
      """
      INSERT INTO pipeline_steps (run, position, step, status, is_expanded, started_at, ended_at, message)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET status = excluded.status, is_expanded = excluded.is_expanded,
        started_at = excluded.started_at, ended_at = excluded.ended_at, message = excluded.message
      """,
      [
        .text(run.id), .integer(Int64(position)), .text(step.name), .text(step.status.rawValue),
        .integer(step.partitions == nil ? 0 : 1), Database.Value(step.startedAt?.milliseconds),
        Database.Value(step.endedAt?.milliseconds), Database.Value(step.message),
      ])
  }

  private func put(_ key: PartitionKey, of run: PipelineRun) throws(Diagnostic) {
    guard let partition = run[key] else { return }
    let place: [Database.Value] = [.text(run.id), .text(run.steps[key.step].name), .integer(Int64(key.partition))]
    try database.run(
      """
      INSERT INTO pipeline_partitions (run, step, position, name, status, attempts, failures, losses, retry_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET status = excluded.status, attempts = excluded.attempts, failures = excluded.failures,
        losses = excluded.losses, retry_at = excluded.retry_at
      """,
      place + [
        .text(partition.name), .text(partition.status.rawValue), .integer(Int64(partition.attempts)),
        .integer(Int64(partition.failures)), .integer(Int64(partition.losses)),
        Database.Value(partition.retryAt?.milliseconds),
      ])
    if let output = partition.output {
      try database.run(
        "INSERT INTO pipeline_outputs (run, step, position, output) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        place + [.text(JSONValue.object(output).text(.compact))])
    }
  }

  private func put(_ attempt: StepAttempt, _ key: AttemptKey, of run: PipelineRun) throws(Diagnostic) {
    try database.run(
      """
      INSERT INTO pipeline_attempts
        (run, step, position, attempt, fence, status, started_at, ended_at, heartbeat_at, exit_code, message)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET status = excluded.status, ended_at = excluded.ended_at,
        heartbeat_at = excluded.heartbeat_at, exit_code = excluded.exit_code, message = excluded.message
      """,
      [
        .text(run.id), .text(run.steps[key.partition.step].name), .integer(Int64(key.partition.partition)),
        .integer(Int64(attempt.number)), .integer(Int64(attempt.fence)), .text(attempt.status.rawValue),
        .integer(attempt.startedAt.milliseconds), Database.Value(attempt.endedAt?.milliseconds),
        Database.Value(attempt.heartbeatAt?.milliseconds), Database.Value(attempt.exitCode),
        Database.Value(attempt.message),
      ])
  }

  // MARK: Reading

  /// A run with all its steps; nil when there is none of this id.
  public func run(_ id: String) throws(Diagnostic) -> PipelineRun? {
    let rows = try database.run("SELECT \(Self.runColumns) FROM pipeline_runs WHERE id = ?", [.text(id)])
    return try rows.first.map { row throws(Diagnostic) in try self.run(row) }
  }

  /// The newest runs, of one pipeline or of all.
  public func runs(of pipeline: String? = nil, limit: Int) throws(Diagnostic) -> [PipelineRun] {
    let rows = try database.run(
      """
      SELECT \(Self.runColumns) FROM pipeline_runs WHERE ? IS NULL OR pipeline = ?
      ORDER BY created_at DESC, id DESC LIMIT ?
      """, [Database.Value(pipeline), Database.Value(pipeline), .integer(Int64(limit))])
    var runs: [PipelineRun] = []
    for row in rows { runs.append(try run(row)) }
    return runs
  }

  private static let runColumns =
    "id, stage, username, status, parameters, definition, created_at, ended_at, stopped_by, fence"

  private func run(_ row: Database.Row) throws(Diagnostic) -> PipelineRun {
    let id = try required(row.text(0))
    let definition: PipelineDefinition
    let text = try json(row.text(5))
    do throws(ModelError) {
      definition = try PipelineDefinition(json: text)
    } catch {
      throw damaged("run \(id): \(error)")
    }
    var partitions: [String: [PartitionRun]] = [:]
    let partitionRows = try database.run(
      """
      SELECT p.step, p.name, p.status, p.attempts, p.failures, p.losses, p.retry_at, o.output, a.attempt, a.fence,
        a.status, a.started_at, a.ended_at, a.heartbeat_at, a.exit_code, a.message
      FROM pipeline_partitions AS p
      LEFT JOIN pipeline_attempts AS a
        ON a.run = p.run AND a.step = p.step AND a.position = p.position AND a.attempt = p.attempts
      LEFT JOIN pipeline_outputs AS o ON o.run = p.run AND o.step = p.step AND o.position = p.position
      WHERE p.run = ? ORDER BY p.step, p.position
      """, [.text(id)])
    for row in partitionRows { partitions[try required(row.text(0)), default: []].append(try partition(row)) }
    var steps: [StepRun] = []
    let stepRows = try database.run(
      """
      SELECT step, status, is_expanded, started_at, ended_at, message FROM pipeline_steps WHERE run = ? ORDER BY position
      """, [.text(id)])
    for row in stepRows {
      let name = try required(row.text(0))
      steps.append(
        StepRun(
          name: name, status: try status(row.text(1)), partitions: row.integer(2) == 1 ? partitions[name] ?? [] : nil,
          startedAt: time(row.integer(3)), endedAt: time(row.integer(4)), message: row.text(5)))
    }
    guard steps.map(\.name) == definition.steps.map(\.name) else { throw damaged("run \(id) lacks steps") }
    return PipelineRun(
      id: id, definition: definition, stage: row.text(1),
      parameters: try json(row.text(4)).object ?? JSONObject(), user: row.text(2), status: try status(row.text(3)),
      createdAt: try required(time(row.integer(6))), endedAt: time(row.integer(7)), steps: steps,
      fence: Int(row.integer(9) ?? 0), stoppedBy: row.text(8), limit: nil)
  }

  private func partition(_ row: Database.Row) throws(Diagnostic) -> PartitionRun {
    var partition = PartitionRun(
      name: try required(row.text(1)), status: try status(row.text(2)), attempts: Int(row.integer(3) ?? 0),
      failures: Int(row.integer(4) ?? 0), losses: Int(row.integer(5) ?? 0), retryAt: time(row.integer(6)))
    if row.text(7) != nil { partition.output = try json(row.text(7)).object }
    if let number = row.integer(8) {
      partition.attempt = StepAttempt(
        number: Int(number), fence: Int(row.integer(9) ?? 0), status: try status(row.text(10)),
        startedAt: try required(time(row.integer(11))), endedAt: time(row.integer(12)),
        heartbeatAt: time(row.integer(13)), exitCode: row.integer(14).map { Int($0) }, message: row.text(15))
    }
    return partition
  }

  private func damaged(_ detail: String) -> Diagnostic {
    Diagnostic(
      .environment, "the database \"\(path)\" is damaged", notes: [detail],
      remedies: ["move it away: run-local then starts without earlier runs"])
  }

  private func required<Value>(_ value: Value?) throws(Diagnostic) -> Value {
    guard let value else { throw damaged("a value is missing") }
    return value
  }

  private func time(_ milliseconds: Int64?) -> Timestamp? { milliseconds.map { Timestamp(milliseconds: $0) } }

  private func status<Status: RawRepresentable<String>>(_ text: String?) throws(Diagnostic) -> Status {
    try required(text.flatMap { Status(rawValue: $0) })
  }

  private func json(_ text: String?) throws(Diagnostic) -> JSONValue {
    do {
      return try JSONValue(parsing: text ?? "")
    } catch {
      throw damaged("\(error.description)")
    }
  }
}

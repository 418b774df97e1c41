internal import JSON
internal import JobModel

/// Runs in tables of SQL: what is written of a run, and how it is read back. docs/pipelines.md describes the tables.
///
/// It knows no database: whoever has one runs the statements.
public enum PipelineTables {
  /// A value of a statement or of a row.
  public enum Value: Sendable, Hashable {
    case null
    case integer(Int64)
    case text(String)

    init(_ text: String?) { self = text.map { .text($0) } ?? .null }
    init(_ number: Int64?) { self = number.map { .integer($0) } ?? .null }
    init(_ number: Int?) { self = number.map { .integer(Int64($0)) } ?? .null }
    init(_ time: Timestamp?) { self = time.map { .integer($0.milliseconds) } ?? .null }
  }

  /// A row, by position.
  public struct Row: Sendable {
    var values: [Value]

    public init(_ values: [Value]) { self.values = values }

    public func text(_ column: Int) -> String? {
      if case .text(let text) = values[column] { text } else { nil }
    }

    public func integer(_ column: Int) -> Int64? {
      if case .integer(let number) = values[column] { number } else { nil }
    }
    func time(_ column: Int) -> Timestamp? { integer(column).map { Timestamp(milliseconds: $0) } }
  }

  /// One statement with its values, in the order of its question marks.
  public struct Statement: Sendable, Hashable {
    public var sql: String
    public var values: [Value]
  }

  public static let schema = """
    CREATE TABLE pipeline_runs (
      id TEXT PRIMARY KEY, pipeline TEXT NOT NULL, role TEXT NOT NULL, stage TEXT, username TEXT, commit_id TEXT, status TEXT NOT NULL,
      parameters TEXT NOT NULL, definition TEXT NOT NULL, created_at INTEGER NOT NULL, ended_at INTEGER,
      stopped_by TEXT, fence INTEGER NOT NULL, queues INTEGER NOT NULL
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
      ended_at INTEGER, heartbeat_at INTEGER, exit_code INTEGER, message TEXT, task TEXT,
      PRIMARY KEY (run, step, position, attempt)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE pipeline_outputs (
      run TEXT NOT NULL REFERENCES pipeline_runs (id) ON DELETE CASCADE, step TEXT NOT NULL, position INTEGER NOT NULL,
      output TEXT NOT NULL, PRIMARY KEY (run, step, position)
    ) STRICT, WITHOUT ROWID;

    """

  // MARK: Writing

  /// Writes a run whole.
  public static func insert(_ run: PipelineRun) -> [Statement] {
    var all = PipelineOutcome()
    for (position, step) in run.steps.enumerated() {
      all.steps.insert(position)
      for (index, partition) in (step.partitions ?? []).enumerated() {
        let key = PartitionKey(step: position, partition: index)
        all.partitions.insert(key)
        if let attempt = partition.attempt { all.attempts[AttemptKey(key, number: attempt.number)] = attempt }
      }
    }
    return [put(run)] + parts(run, all)
  }

  /// Writes what changed of a run that is there.
  public static func update(_ run: PipelineRun, _ outcome: PipelineOutcome) -> [Statement] {
    let progress = Statement(
      sql: """
        UPDATE pipeline_runs SET status = ?, created_at = ?, ended_at = ?, stopped_by = ?, fence = ? WHERE id = ?
        """,
      values: [
        .text(run.status.rawValue), Value(run.createdAt), Value(run.endedAt), Value(run.stoppedBy), Value(run.fence),
        .text(run.id),
      ])
    return [progress] + parts(run, outcome)
  }

  private static func parts(_ run: PipelineRun, _ outcome: PipelineOutcome) -> [Statement] {
    outcome.steps.sorted().map { put(step: $0, of: run) }
      + outcome.partitions.sorted().flatMap { put($0, of: run) }
      + outcome.attempts.sorted { $0.key < $1.key }.map { put($0.value, $0.key, of: run) }
  }

  /// Forgets a run.
  public static func delete(_ id: String) -> [Statement] {
    ["outputs", "attempts", "partitions", "steps"].map {
      Statement(sql: "DELETE FROM pipeline_\($0) WHERE run = ?", values: [.text(id)])
    } + [Statement(sql: "DELETE FROM pipeline_runs WHERE id = ?", values: [.text(id)])]
  }

  private static func put(_ run: PipelineRun) -> Statement {
    Statement(
      sql: """
        INSERT INTO pipeline_runs (id, pipeline, role, stage, username, commit_id, status, parameters, definition,
          created_at, ended_at, stopped_by, fence, queues)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET status = excluded.status, created_at = excluded.created_at,
          ended_at = excluded.ended_at, stopped_by = excluded.stopped_by, fence = excluded.fence
        """,
      values: [
        .text(run.id), .text(run.definition.name), .text(run.definition.role), Value(run.stage), Value(run.user),
        Value(run.definition.commit), .text(run.status.rawValue),
        .text(JSONValue.object(run.parameters).text(.compact)), .text(run.definition.json.text(.compact)),
        Value(run.createdAt), Value(run.endedAt), Value(run.stoppedBy), Value(run.fence), Value(run.queues ? 1 : 0),
      ])
  }

  private static func put(step position: Int, of run: PipelineRun) -> Statement {
    let step = run.steps[position]
    return Statement(
      sql: """
        INSERT INTO pipeline_steps (run, position, step, status, is_expanded, started_at, ended_at, message)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (run, step) DO UPDATE SET status = excluded.status, is_expanded = excluded.is_expanded,
          started_at = excluded.started_at, ended_at = excluded.ended_at, message = excluded.message
        """,
      values: [
        .text(run.id), Value(position), .text(step.name), .text(step.status.rawValue),
        Value(step.partitions == nil ? 0 : 1), Value(step.startedAt), Value(step.endedAt), Value(step.message),
      ])
  }

  private static func put(_ key: PartitionKey, of run: PipelineRun) -> [Statement] {
    guard let partition = run[key] else { return [] }
    let place: [Value] = [.text(run.id), .text(run.steps[key.step].name), Value(key.partition)]
    var statements = [
      Statement(
        sql: """
          INSERT INTO pipeline_partitions (run, step, position, name, status, attempts, failures, losses, retry_at)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
          ON CONFLICT (run, step, position) DO UPDATE SET status = excluded.status, attempts = excluded.attempts,
            failures = excluded.failures, losses = excluded.losses, retry_at = excluded.retry_at
          """,
        values: place + [
          .text(partition.name), .text(partition.status.rawValue), Value(partition.attempts),
          Value(partition.failures), Value(partition.losses), Value(partition.retryAt),
        ])
    ]
    if let output = partition.output {
      statements.append(
        Statement(
          sql: """
            INSERT INTO pipeline_outputs (run, step, position, output) VALUES (?, ?, ?, ?)
            ON CONFLICT (run, step, position) DO NOTHING
            """,
          values: place + [.text(JSONValue.object(output).text(.compact))]))
    }
    return statements
  }

  private static let putAttempt = """
    INSERT INTO pipeline_attempts (run, step, position, attempt, fence, status, started_at, ended_at, heartbeat_at,
      exit_code, message, task)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (run, step, position, attempt) DO UPDATE SET status = excluded.status,
      started_at = excluded.started_at, ended_at = excluded.ended_at, heartbeat_at = excluded.heartbeat_at,
      exit_code = excluded.exit_code, message = excluded.message, task = excluded.task
    """

  /// Writes an attempt as another database has it: a row of `selectAttempts`.
  public static func copy(_ row: Row, of run: String) -> Statement {
    Statement(sql: putAttempt, values: [.text(run)] + row.values)
  }

  private static func put(_ attempt: StepAttempt, _ key: AttemptKey, of run: PipelineRun) -> Statement {
    Statement(
      sql: putAttempt,
      values: [
        .text(run.id), .text(run.steps[key.partition.step].name), Value(key.partition.partition),
        Value(attempt.number), Value(attempt.fence), .text(attempt.status.rawValue), Value(attempt.startedAt),
        Value(attempt.endedAt), Value(attempt.heartbeatAt), Value(attempt.exitCode), Value(attempt.message),
        Value(attempt.task),
      ])
  }
}

internal import GRDB
internal import JSON
internal import JobModel
internal import Pipelines
internal import SchedulerCore

// Runs of pipelines, in the tables that docs/pipelines.md describes.
extension StoredState {
  static func write(pipeline id: String, _ change: StateChange, _ connection: Database) throws {
    guard let record = change.after.pipelines[id] else {
      for statement in PipelineTables.delete(id) { try run(statement, connection) }
      try connection.execute(sql: "DELETE FROM pipeline_jobs WHERE run = ?", arguments: [id])
      return
    }
    if change.changes.newPipelines.contains(id) {
      for statement in PipelineTables.insert(record.run) { try run(statement, connection) }
      try connection.execute(
        sql: """
          INSERT INTO pipeline_jobs (run, body) VALUES (?, ?) ON CONFLICT (run) DO UPDATE SET body = excluded.body
          """, arguments: [id, record.json.text(.compact)])
    }
    for statement in PipelineTables.update(record.run, change.changes.pipelines[id] ?? PipelineOutcome()) {
      try run(statement, connection)
    }
  }

  static func loadPipelines(_ connection: Database) throws -> [PipelineRecord] {
    var bodies: [String: String] = [:]
    for row in try Row.fetchAll(connection, sql: "SELECT run, body FROM pipeline_jobs") {
      bodies[row["run"]] = row["body"]
    }
    return try rows(PipelineTables.selectRuns(), [], connection).map { row in
      let id = PipelineTables.id(row)
      let run = try PipelineTables.run(
        row, steps: try rows(PipelineTables.selectSteps, [id], connection),
        partitions: try rows(PipelineTables.selectPartitions, [id], connection))
      return try PipelineRecord(json: try JSONValue(parsing: bodies[id] ?? ""), run: run)
    }
  }

  /// Writes every attempt of a run, the earlier ones too, which a run in memory no longer has.
  static func attempts(of id: String, _ connection: Database) throws -> [PipelineTables.Statement] {
    try rows(PipelineTables.selectAttempts, [id], connection).map { PipelineTables.copy($0, of: id) }
  }

  private static func run(_ statement: PipelineTables.Statement, _ connection: Database) throws {
    let values = statement.values.map { value -> (any DatabaseValueConvertible)? in
      switch value {
      case .null: nil
      case .integer(let number): number
      case .text(let text): text
      }
    }
    try connection.cachedStatement(sql: statement.sql).execute(arguments: StatementArguments(values))
  }

  private static func rows(
    _ sql: String, _ arguments: [String], _ connection: Database
  ) throws -> [PipelineTables.Row] {
    try Row.fetchAll(connection, sql: sql, arguments: StatementArguments(arguments)).map { row in
      PipelineTables.Row(
        row.databaseValues.map { value in
          switch value.storage {
          case .int64(let number): .integer(number)
          case .string(let text): .text(text)
          default: .null
          }
        })
    }
  }
}

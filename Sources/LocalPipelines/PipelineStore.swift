public import Diagnostics
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
    let version = try database.number("PRAGMA user_version")
    guard version <= Self.schemaVersion else {
      throw Diagnostic(
        .environment, "a newer version of Kilt wrote \"\(path)\"",
        remedies: ["use that version, or another directory with --state"])
    }
    if version == 0 {
      try database.transaction { () throws(Diagnostic) in
        // Another process may have been first.
        guard try database.number("PRAGMA user_version") == 0 else { return }
        try database.execute(PipelineTables.schema + "PRAGMA user_version = \(Self.schemaVersion);")
      }
    }
  }

  static let schemaVersion: Int64 = 1

  // MARK: Writing

  /// Writes a new run whole.
  public func insert(_ run: PipelineRun) throws(Diagnostic) { try write(PipelineTables.insert(run)) }

  /// Writes what one input changed, in one transaction.
  public func write(_ run: PipelineRun, _ outcome: PipelineOutcome) throws(Diagnostic) {
    try write(PipelineTables.update(run, outcome))
  }

  private func write(_ statements: [PipelineTables.Statement]) throws(Diagnostic) {
    try database.transaction { () throws(Diagnostic) in
      for statement in statements { try database.run(statement.sql, statement.values) }
    }
  }

  // MARK: Reading

  /// A run with all its steps; nil when there is none of this id.
  public func run(_ id: String) throws(Diagnostic) -> PipelineRun? {
    let rows = try database.run(PipelineTables.selectRuns("WHERE id = ?"), [.text(id)])
    return try rows.first.map { row throws(Diagnostic) in try run(row) }
  }

  /// The newest runs, of one pipeline or of all.
  public func runs(of pipeline: String? = nil, limit: Int) throws(Diagnostic) -> [PipelineRun] {
    let name: PipelineTables.Value = pipeline.map { .text($0) } ?? .null
    let rows = try database.run(
      PipelineTables.selectRuns("WHERE ? IS NULL OR pipeline = ? ORDER BY created_at DESC, id DESC LIMIT ?"),
      [name, name, .integer(Int64(limit))])
    var runs: [PipelineRun] = []
    for row in rows { runs.append(try run(row)) }
    return runs
  }

  private func run(_ row: PipelineTables.Row) throws(Diagnostic) -> PipelineRun {
    let id: [PipelineTables.Value] = [.text(PipelineTables.id(row))]
    let steps = try database.run(PipelineTables.selectSteps, id)
    let partitions = try database.run(PipelineTables.selectPartitions, id)
    do throws(PipelineTables.Damage) {
      return try PipelineTables.run(row, steps: steps, partitions: partitions)
    } catch {
      throw Diagnostic(
        .environment, "the database \"\(path)\" is damaged", notes: [error.detail],
        remedies: ["move it away: run-local then starts without earlier runs"])
    }
  }
}

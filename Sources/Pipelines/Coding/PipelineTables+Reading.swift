internal import JSON
internal import JobModel

extension PipelineTables {
  /// A row that no version of Kilt writes.
  public struct Damage: Error, Sendable, Hashable {
    public var detail: String
  }

  /// Selects runs; `condition` goes on after FROM.
  public static func selectRuns(_ condition: String = "") -> String {
    """
    SELECT id, stage, username, status, parameters, definition, created_at, ended_at, stopped_by, fence, queues
    FROM pipeline_runs \(condition)
    """
  }

  /// The steps of one run.
  public static let selectSteps = """
    SELECT step, status, is_expanded, started_at, ended_at, message FROM pipeline_steps WHERE run = ? ORDER BY position
    """

  /// The partitions of one run, with their newest attempts and their outputs.
  public static let selectPartitions = """
    SELECT p.step, p.name, p.status, p.attempts, p.failures, p.losses, p.retry_at, o.output, a.attempt, a.fence,
      a.status, a.started_at, a.ended_at, a.heartbeat_at, a.exit_code, a.message, a.task
    FROM pipeline_partitions AS p
    LEFT JOIN pipeline_attempts AS a
      ON a.run = p.run AND a.step = p.step AND a.position = p.position AND a.attempt = p.attempts
    LEFT JOIN pipeline_outputs AS o ON o.run = p.run AND o.step = p.step AND o.position = p.position
    WHERE p.run = ? ORDER BY p.step, p.position
    """

  /// All attempts of one run.
  public static let selectAttempts = """
    SELECT step, position, attempt, fence, status, started_at, ended_at, heartbeat_at, exit_code, message, task
    FROM pipeline_attempts WHERE run = ?
    """

  /// The id in a row of `selectRuns`.
  public static func id(_ row: Row) -> String { row.text(0) ?? "" }

  /// A run from its rows.
  public static func run(_ row: Row, steps stepRows: [Row], partitions partitionRows: [Row]) throws(Damage)
    -> PipelineRun
  {
    let id = try required(row.text(0), "id")
    let definition: PipelineDefinition
    let text = try json(row.text(5))
    do throws(ModelError) {
      definition = try PipelineDefinition(json: text)
    } catch {
      throw Damage(detail: "run \(id): \(error)")
    }
    var partitions: [String: [PartitionRun]] = [:]
    for row in partitionRows { partitions[try required(row.text(0), "step"), default: []].append(try partition(row)) }
    var steps: [StepRun] = []
    for row in stepRows {
      let name = try required(row.text(0), "step")
      steps.append(
        StepRun(
          name: name, status: try status(row.text(1)), partitions: row.integer(2) == 1 ? partitions[name] ?? [] : nil,
          startedAt: row.time(3), endedAt: row.time(4), message: row.text(5)))
    }
    guard steps.map(\.name) == definition.steps.map(\.name) else { throw Damage(detail: "run \(id) lacks steps") }
    return PipelineRun(
      id: id, definition: definition, stage: row.text(1), parameters: try json(row.text(4)).object ?? JSONObject(),
      user: row.text(2), status: try status(row.text(3)), createdAt: try required(row.time(6), "created_at"),
      endedAt: row.time(7), steps: steps, fence: Int(row.integer(9) ?? 0), stoppedBy: row.text(8),
      queues: row.integer(10) == 1)
  }

  private static func partition(_ row: Row) throws(Damage) -> PartitionRun {
    var partition = PartitionRun(
      name: try required(row.text(1), "name"), status: try status(row.text(2)), attempts: Int(row.integer(3) ?? 0),
      failures: Int(row.integer(4) ?? 0), losses: Int(row.integer(5) ?? 0), retryAt: row.time(6))
    if row.text(7) != nil { partition.output = try json(row.text(7)).object }
    if let number = row.integer(8) {
      partition.attempt = StepAttempt(
        number: Int(number), fence: Int(row.integer(9) ?? 0), status: try status(row.text(10)),
        startedAt: try required(row.time(11), "started_at"), endedAt: row.time(12), heartbeatAt: row.time(13),
        exitCode: row.integer(14).map { Int($0) }, message: row.text(15), task: row.text(16))
    }
    return partition
  }

  private static func required<Value>(_ value: Value?, _ column: String) throws(Damage) -> Value {
    guard let value else { throw Damage(detail: "\(column) is missing") }
    return value
  }

  private static func status<Status: RawRepresentable<String>>(_ text: String?) throws(Damage) -> Status {
    guard let status = text.flatMap({ Status(rawValue: $0) }) else {
      throw Damage(detail: "unknown status \"\(text ?? "")\"")
    }
    return status
  }

  private static func json(_ text: String?) throws(Damage) -> JSONValue {
    do throws(JSONError) {
      return try JSONValue(parsing: text ?? "")
    } catch {
      throw Damage(detail: error.description)
    }
  }
}

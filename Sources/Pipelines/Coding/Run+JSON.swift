public import JSON
public import JobModel

extension PipelineRun {
  /// The run in short, as listings give it.
  public var summaryJSON: JSONValue {
    .fields([
      "run": .string(id), "pipeline": .string(definition.name), "stage": .text(stage), "status": .raw(status),
      "user": .text(user), "commit": .text(definition.commit), "parameters": .object(parameters),
      "created_at": .time(createdAt), "ended_at": endedAt.map { .time($0) },
      "steps": .array(steps.map { .fields(["step": .string($0.name), "status": .raw($0.status)]) }),
    ])
  }

  /// The run with its definition, every partition and its newest attempt.
  public var statusJSON: JSONValue {
    guard var object = summaryJSON.object else { return summaryJSON }
    object["steps"] = .array(
      steps.map { step in
        .fields([
          "step": .string(step.name), "status": .raw(step.status), "message": .text(step.message),
          "started_at": step.startedAt.map { .time($0) }, "ended_at": step.endedAt.map { .time($0) },
          "partitions": step.partitions.map { .array($0.map(\.json)) },
        ])
      })
    object["definition"] = definition.json
    if let stoppedBy { object["stopped_by"] = .string(stoppedBy) }
    return .object(object)
  }

  /// Reads what ``statusJSON`` gives.
  public init(statusJSON json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    let definition = try fields.object("definition", PipelineDefinition.self)
    var steps: [StepRun] = []
    for value in json["steps"]?.array ?? [] {
      let fields = try FieldReader(value)
      var partitions: [PartitionRun]?
      if let values = value["partitions"]?.array {
        partitions = []
        for value in values { partitions?.append(try PartitionRun(json: value)) }
      }
      steps.append(
        StepRun(
          name: try fields.string("step"), status: try fields.enumeration("status"), partitions: partitions,
          startedAt: try fields.optionalTimestamp("started_at"), endedAt: try fields.optionalTimestamp("ended_at"),
          message: try fields.optionalString("message")))
    }
    guard steps.map(\.name) == definition.steps.map(\.name) else {
      throw ModelError(path: "steps", problem: .wrongType(expected: "the steps of the definition"))
    }
    self.init(
      id: try fields.string("run"), definition: definition, stage: try fields.optionalString("stage"),
      parameters: json["parameters"]?.object ?? JSONObject(), user: try fields.optionalString("user"),
      status: try fields.enumeration("status"), createdAt: try fields.timestamp("created_at"),
      endedAt: try fields.optionalTimestamp("ended_at"), steps: steps, fence: 0,
      stoppedBy: try fields.optionalString("stopped_by"))
  }
}

extension PartitionRun {
  var json: JSONValue {
    .fields([
      "partition": .string(name), "status": .raw(status), "attempts": .integer(attempts),
      "retry_at": retryAt.map { .time($0) }, "output": output.map { .object($0) }, "attempt": attempt?.json,
    ])
  }

  init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      name: try fields.string("partition"), status: try fields.enumeration("status"),
      attempts: try fields.integer("attempts"), retryAt: try fields.optionalTimestamp("retry_at"),
      attempt: try fields.optionalObject("attempt"), output: json["output"]?.object)
  }
}

extension StepAttempt: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      number: try fields.integer("number"), fence: try fields.integer("fence"),
      status: try fields.enumeration("status"), startedAt: try fields.timestamp("started_at"),
      endedAt: try fields.optionalTimestamp("ended_at"), exitCode: try fields.optionalInteger("exit_code"),
      message: try fields.optionalString("message"), task: try fields.optionalString("task"))
  }

  public var json: JSONValue {
    .fields([
      "number": .integer(number), "fence": .integer(fence), "status": .raw(status), "started_at": .time(startedAt),
      "ended_at": endedAt.map { .time($0) }, "exit_code": .integer(exitCode), "message": .text(message),
      "task": .text(task),
    ])
  }
}

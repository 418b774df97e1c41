public import JSON
internal import JobModel

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

  /// The run with every partition and its newest attempt.
  public var statusJSON: JSONValue {
    guard var object = summaryJSON.object else { return summaryJSON }
    object["steps"] = .array(
      steps.map { step in
        .fields([
          "step": .string(step.name), "status": .raw(step.status), "message": .text(step.message),
          "started_at": step.startedAt.map { .time($0) }, "ended_at": step.endedAt.map { .time($0) },
          "partitions": .array((step.partitions ?? []).map(\.json)),
        ])
      })
    return .object(object)
  }
}

extension PartitionRun {
  var json: JSONValue {
    .fields([
      "partition": .string(name), "status": .raw(status), "attempts": .integer(attempts),
      "retry_at": retryAt.map { .time($0) }, "output": output.map { .object($0) },
      "attempt": attempt.map { attempt in
        .fields([
          "number": .integer(attempt.number), "fence": .integer(attempt.fence), "status": .raw(attempt.status),
          "started_at": .time(attempt.startedAt), "ended_at": attempt.endedAt.map { .time($0) },
          "exit_code": .integer(attempt.exitCode), "message": .text(attempt.message),
        ])
      },
    ])
  }
}

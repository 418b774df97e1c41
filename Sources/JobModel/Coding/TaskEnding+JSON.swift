public import JSON

extension TaskEnding: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(task: try fields.object("task"), processes: try fields.list("processes"))
  }

  public var json: JSONValue { .members(["task": task.json, "processes": .list(processes)]) }
}

extension ProcessEnding: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      run: ProcessRun(
        name: try fields.string("name"), run: try fields.integer("run"), status: try fields.enumeration("status"),
        exitCode: try fields.optionalInteger("exit_code"), signal: try fields.optionalInteger("signal")),
      lastLines: json["last_lines"]?.strings ?? [])
  }

  public var json: JSONValue {
    .fields([
      "name": .string(run.name), "run": .integer(run.run), "status": .raw(run.status),
      "exit_code": .integer(run.exitCode), "signal": .integer(run.signal), "last_lines": .strings(lastLines),
    ])
  }
}

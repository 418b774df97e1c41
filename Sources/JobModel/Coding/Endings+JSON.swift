public import JSON

extension TaskEnding: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      instance: try fields.integer("instance"), taskID: TaskID(try fields.string("task_id")),
      release: try fields.integer("release"), status: try fields.enumeration("status"),
      time: try fields.timestamp("time"), message: try fields.optionalString("message"),
      health: try fields.optionalObject("health"), processes: try fields.list("processes"))
  }

  public var json: JSONValue {
    .fields([
      "instance": .integer(instance), "task_id": .string(taskID.rawValue), "release": .integer(release),
      "status": .raw(status), "time": .time(time), "message": .text(message), "health": health?.json,
      "processes": .list(processes),
    ])
  }
}

extension TaskEnding.Process: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      name: try fields.string("name"), run: try fields.integer("run"), status: try fields.enumeration("status"),
      exitCode: try fields.optionalInteger("exit_code"), signal: try fields.optionalInteger("signal"),
      output: try fields.strings("output"))
  }

  public var json: JSONValue {
    .fields([
      "name": .string(name), "run": .integer(run), "status": .raw(status), "exit_code": .integer(exitCode),
      "signal": .integer(signal), "output": .strings(output),
    ])
  }
}

extension SlaFigures: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    guard let running = try fields.optionalDouble("running") else {
      throw ModelError(path: "running", problem: .missing)
    }
    self.init(
      timeToAssigned: try fields.optionalDuration("time_to_assigned"),
      timeToRunning: try fields.optionalDuration("time_to_running"),
      uptime: try fields.dictionary("uptime", expected: "a number of seconds by percentile") { name, value in
        guard let percentile = Int(name), let seconds = value.double, seconds.magnitude < 1e12 else { return nil }
        return (percentile, .milliseconds(Int64((seconds * 1000).rounded())))
      }, running: running)
  }

  /// Times in seconds, the share of running instances in percent.
  public var json: JSONValue {
    let ordered = uptime.sorted { $0.key < $1.key }.map { (String($0.key), JSONValue.seconds($0.value)) }
    return .fields([
      "time_to_assigned": timeToAssigned.map { .seconds($0) }, "time_to_running": timeToRunning.map { .seconds($0) },
      "uptime": .object(JSONObject(ordered)), "running": .double(running),
    ])
  }
}

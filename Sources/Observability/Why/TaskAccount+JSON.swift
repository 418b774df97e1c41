public import JSON
public import JobModel

extension TaskAccount: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      instance: try fields.integer("instance"), taskID: TaskID(try fields.string("task_id")),
      status: try fields.enumeration("status"), cause: try fields.enumeration("cause"),
      time: try fields.timestamp("time"), message: try fields.optionalString("message"),
      host: try fields.optionalString("host"), states: try fields.list("states"),
      limits: try fields.object("limits"), usage: try fields.list("usage"),
      health: try fields.optionalObject("health"), processes: try fields.list("processes"),
      executor: try fields.strings("executor"), restarts: try fields.optionalInteger("restarts") ?? 0,
      release: try fields.optionalObject("release"), formerRelease: try fields.optionalInteger("former_release"),
      update: try fields.optionalObject("update"), problems: try fields.strings("problems"))
  }

  public var json: JSONValue {
    .fields([
      "instance": .integer(instance), "task_id": .string(taskID.rawValue), "status": .raw(status),
      "cause": .raw(cause), "time": .time(time), "message": .text(message), "host": .text(host),
      "states": .list(states), "limits": limits.json, "usage": .list(usage), "memory_peak": .integer(memoryPeak),
      "health": health?.json, "processes": .list(processes), "executor": .strings(executor),
      "restarts": .integer(restarts), "release": release?.json, "former_release": .integer(formerRelease),
      "update": update?.json, "problems": .strings(problems),
    ])
  }
}

extension TaskAccount.Process: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      name: try fields.string("name"), run: try fields.integer("run"), status: try fields.enumeration("status"),
      time: try fields.timestamp("time"), exitCode: try fields.optionalInteger("exit_code"),
      signal: try fields.optionalInteger("signal"), stdout: try fields.strings("stdout"),
      stderr: try fields.strings("stderr"))
  }

  public var json: JSONValue {
    .fields([
      "name": .string(name), "run": .integer(run), "status": .raw(status), "time": .time(time),
      "exit_code": .integer(exitCode), "signal": .integer(signal), "stdout": .strings(stdout),
      "stderr": .strings(stderr),
    ])
  }
}

extension TaskAccount.Usage: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      time: try fields.timestamp("time"), cores: try fields.optionalDouble("cores"),
      sample: try fields.object("sample"))
  }

  public var json: JSONValue {
    .fields(["time": .time(time), "cores": cores.map { .double($0) }, "sample": sample.json])
  }
}

extension WhyAnswer: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      key: try fields.jobKey("key"), accounts: try fields.list("accounts"), others: try fields.list("others"),
      rememberedSince: try fields.optionalTimestamp("remembered_since"))
  }

  public var json: JSONValue {
    .fields([
      "key": .string(key.description), "accounts": .list(accounts), "others": .list(others),
      "remembered_since": rememberedSince.map { .time($0) },
    ])
  }
}

extension WhyAnswer.Other: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      instance: try fields.integer("instance"), taskID: TaskID(try fields.string("task_id")),
      status: try fields.enumeration("status"), time: try fields.timestamp("time"),
      message: try fields.optionalString("message"))
  }

  public var json: JSONValue {
    .fields([
      "instance": .integer(instance), "task_id": .string(taskID.rawValue), "status": .raw(status),
      "time": .time(time), "message": .text(message),
    ])
  }
}

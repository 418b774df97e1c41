public import JSON
public import JobModel

extension PipelineDefinition: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      name: try fields.string("name"), role: try fields.string("role"), contact: try fields.optionalString("contact"),
      artifact: try fields.optionalString("artifact"), commit: try fields.optionalString("commit"),
      parameters: try fields.list("parameters"), concurrency: try fields.optionalInteger("concurrency"),
      schedule: try fields.optionalObject("schedule"), steps: try fields.list("steps"))
  }

  public var json: JSONValue {
    .fields([
      "name": .string(name), "role": .string(role), "contact": .text(contact), "artifact": .text(artifact),
      "commit": .text(commit), "parameters": .listUnlessEmpty(parameters), "concurrency": .integer(concurrency),
      "schedule": schedule?.json, "steps": .list(steps),
    ])
  }
}

extension PipelineParameter: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      name: try fields.string("name"), kind: try fields.enumeration("type"), defaultValue: json["default"],
      description: try fields.optionalString("description"))
  }

  public var json: JSONValue {
    .fields([
      "name": .string(name), "type": .raw(kind), "default": defaultValue, "description": .text(description),
    ])
  }
}

extension PipelineStep: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(name: try fields.string("name"), command: try fields.string("command"))
    after = try fields.strings("after")
    environment = try fields.stringDictionary("environment")
    resources = try fields.optionalObject("resources") ?? resources
    partitions = try fields.optionalObject("partitions") ?? partitions
    parallel = try fields.optionalInteger("parallel")
    retries = try fields.optionalInteger("retries") ?? 0
    retryDelay = try fields.optionalDuration("retry_delay") ?? .zero
    timeout = try fields.optionalDuration("timeout")
    heartbeat = try fields.optionalDuration("heartbeat")
    onFailure = try fields.optionalEnumeration("on_failure") ?? .stop
  }

  public var json: JSONValue {
    .fields([
      "name": .string(name), "after": after.isEmpty ? nil : .strings(after), "command": .string(command),
      "environment": .dictionaryUnlessEmpty(environment), "resources": resources.json,
      "partitions": partitions == .none ? nil : partitions.json, "parallel": .integer(parallel),
      "retries": .integer(retries), "retry_delay": .seconds(retryDelay), "timeout": timeout.map { .seconds($0) },
      "heartbeat": heartbeat.map { .seconds($0) }, "on_failure": .raw(onFailure),
    ])
  }
}

extension PipelineStep.Partitions: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    if let count = try fields.optionalInteger("count", Int.self) {
      self = .count(count)
    } else if let step = try fields.optionalString("step") {
      self = .output(step: step, key: try fields.string("key"))
    } else if fields.object["list"] != nil {
      self = .list(try fields.strings("list"))
    } else {
      self = .none
    }
  }

  public var json: JSONValue {
    switch self {
    case .none: .object(JSONObject())
    case .count(let count): .members(["count": .integer(count)])
    case .list(let names): .members(["list": .strings(names)])
    case .output(let step, let key): .members(["step": .string(step), "key": .string(key)])
    }
  }
}

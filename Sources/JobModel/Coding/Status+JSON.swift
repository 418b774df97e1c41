public import JSON

extension TaskAssignment: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      taskID: TaskID(try fields.string("task_id")), instance: try fields.integer("instance"),
      configuration: try fields.object("configuration"), ports: try fields.ports("ports"),
      hostname: try fields.string("hostname"), release: try fields.optionalInteger("release"))
  }

  public var json: JSONValue {
    .fields([
      "task_id": .string(taskID.rawValue), "job": .string(jobKey.description), "instance": .integer(instance),
      "release": .integer(release), "hostname": .string(hostname), "ports": .dictionary(ports) { .integer($0) },
      "configuration": configuration.json,
    ])
  }
}

extension TaskEvent: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      time: try fields.timestamp("time"), status: try fields.enumeration("status"),
      message: try fields.optionalString("message"))
  }

  public var json: JSONValue {
    .fields(["time": .time(time), "status": .raw(status), "message": .text(message)])
  }
}

extension InstanceStatus: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      instance: try fields.integer("instance"), taskID: TaskID(try fields.string("task_id")),
      status: try fields.enumeration("status"), since: try fields.timestamp("since"))
    ports = try fields.ports("ports")
    executorPID = try fields.optionalInteger("executor_pid")
    pids = []
    for (index, value) in (json["pids"]?.array ?? []).enumerated() {
      guard let pid = value.int.flatMap(Int32.init(exactly:)) else {
        throw ModelError(path: "pids[\(index)]", problem: .wrongType(expected: "a process id"))
      }
      pids.append(pid)
    }
    message = try fields.optionalString("message")
    restarts = try fields.optionalInteger("restarts") ?? 0
    isFlapping = try fields.optionalBool("flapping") ?? false
    nextTry = try fields.optionalTimestamp("next_try")
    isHealthy = try fields.optionalBool("healthy")
    artifacts = try fields.list("artifacts")
  }

  public var json: JSONValue {
    .fields([
      "instance": .integer(instance), "task_id": .string(taskID.rawValue), "status": .raw(status),
      "since": .time(since), "ports": .dictionary(ports) { .integer($0) }, "executor_pid": .integer(executorPID),
      "pids": .array(pids.map { .integer($0) }), "message": .text(message), "restarts": .integer(restarts),
      "flapping": .bool(isFlapping), "next_try": nextTry.map { .time($0) }, "healthy": .flag(isHealthy),
      "artifacts": .list(artifacts),
    ])
  }
}

extension JobSummary: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    let counts: [TaskStatus: Int] = try fields.dictionary("counts", expected: "a number of tasks in a known state") {
      name, value in
      guard let status = TaskStatus(rawValue: name), let count = value.int else { return nil }
      return (status, Int(clamping: count))
    }
    self.init(
      key: try fields.jobKey("key"), isService: try fields.bool("service"), cron: try fields.optionalObject("cron"),
      instances: try fields.integer("instances"), counts: counts, artifacts: try fields.list("artifacts"),
      owner: try fields.optionalString("owner"), update: try fields.optionalObject("update"),
      isEnding: try fields.optionalBool("ending") ?? false, source: try fields.optionalObject("source"))
  }

  public var json: JSONValue {
    let named = Dictionary(uniqueKeysWithValues: counts.map { ($0.key.rawValue, $0.value) })
    return .fields([
      "key": .string(key.description), "service": .bool(isService), "cron": cron?.json,
      "instances": .integer(instances), "counts": .dictionary(named) { .integer($0) },
      "artifacts": .list(artifacts), "owner": .text(owner), "update": update?.json, "ending": .bool(isEnding),
      "source": source?.json,
    ])
  }
}

extension UpdateSummary: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      id: UpdateID(try fields.string("id")), key: try fields.jobKey("key"), status: try fields.enumeration("status"),
      startedAt: try fields.timestamp("started_at"))
    user = try fields.optionalString("user")
    message = try fields.optionalString("message")
    instances = try fields.dictionary("instances", expected: "what was done with an instance") { name, value in
      guard let instance = Int(name), let action = value.string.flatMap(InstanceUpdateAction.init(rawValue:)) else {
        return nil
      }
      return (instance, action)
    }
    total = try fields.optionalInteger("total") ?? 0
  }

  public var json: JSONValue {
    let ordered = instances.sorted { $0.key < $1.key }.map { (String($0.key), JSONValue.raw($0.value)) }
    return .fields([
      "id": .string(id.rawValue), "key": .string(key.description), "status": .raw(status),
      "started_at": .time(startedAt), "user": .text(user), "message": .text(message),
      "instances": .object(JSONObject(ordered)), "total": .integer(total),
    ])
  }
}

extension FieldReader {
  /// Port numbers by name.
  package func ports(_ name: String) throws(ModelError) -> [String: Int] {
    try dictionary(name, expected: "a port number") { name, value in
      value.int.flatMap(Int.init(exactly:)).map { (name, $0) }
    }
  }
}

extension RunsAs: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    if let problem = try fields.optionalString("problem") {
      self = .impossible(problem: problem)
    } else if let wanted = try fields.optionalString("instead_of") {
      self = .other(try fields.string("user"), insteadOf: wanted)
    } else {
      self = .user(try fields.string("user"))
    }
  }

  public var json: JSONValue {
    switch self {
    case .user(let name): .members(["user": .string(name)])
    case .other(let name, let wanted): .members(["user": .string(name), "instead_of": .string(wanted)])
    case .impossible(let problem): .members(["problem": .string(problem)])
    }
  }
}

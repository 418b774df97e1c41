public import JSON

extension Release: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      number: try fields.integer("release"), submittedAt: try fields.timestamp("submitted_at"),
      user: try fields.optionalString("user"), reason: try fields.optionalString("reason"),
      cause: try fields.optionalString("cause"), result: try fields.optionalEnumeration("result"),
      isCurrent: try fields.optionalBool("current") ?? false, running: try fields.optionalInteger("running") ?? 0,
      instances: try fields.integer("instances"), artifacts: try fields.list("artifacts"),
      source: try fields.optionalObject("source"))
  }

  public var json: JSONValue {
    .fields([
      "release": .integer(number), "submitted_at": .time(submittedAt), "user": .text(user), "reason": .text(reason),
      "cause": .text(cause), "result": result.map { .raw($0) }, "current": .bool(isCurrent),
      "running": .integer(running), "instances": .integer(instances),
      "artifacts": .list(artifacts), "source": source?.json,
    ])
  }
}

extension UpdateDetail: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      summary: try fields.object("update"), release: try fields.integer("release"),
      formerRelease: try fields.integer("former_release"), isRestart: try fields.optionalBool("restart") ?? false,
      since: try fields.timestamp("since"), now: try fields.timestamp("now"),
      configuration: try fields.object("configuration"), steps: try fields.list("steps"),
      failures: try fields.list("failures"))
  }

  public var json: JSONValue {
    .members([
      "update": summary.json, "release": .integer(release), "former_release": .integer(formerRelease),
      "restart": .bool(isRestart), "since": .time(since), "now": .time(now), "configuration": configuration.json,
      "steps": .list(steps), "failures": .list(failures),
    ])
  }
}

extension UpdateDetail.Step: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      instance: try fields.integer("instance"), phase: try fields.enumeration("phase"),
      from: try fields.optionalInteger("from"), to: try fields.optionalInteger("to"),
      action: try fields.optionalEnumeration("action"), failures: try fields.optionalInteger("failures") ?? 0,
      task: try fields.optionalObject("task"), health: try fields.optionalObject("health"))
  }

  public var json: JSONValue {
    .fields([
      "instance": .integer(instance), "phase": .raw(phase), "from": .integer(from), "to": .integer(to),
      "action": action.map { .raw($0) }, "failures": .integer(failures), "task": task?.json, "health": health?.json,
    ])
  }
}

extension UpdatePlan: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      key: try fields.jobKey("key"), outcome: try fields.enumeration("outcome"),
      release: try fields.integer("release"), formerRelease: try fields.optionalInteger("former_release"),
      changes: try fields.list("changes"), untouched: try fields.optionalInteger("untouched") ?? 0,
      batches: [], current: try fields.optionalObject("current"),
      proposed: try fields.optionalObject("proposed"),
      secondsPerInstance: try fields.optionalDouble("seconds_per_instance"))
    runsAs = try fields.optionalObject("runs_as")
    openPorts = try fields.optionalString("open_ports")
    for (index, value) in (json["batches"]?.array ?? []).enumerated() {
      let numbers = value.array?.compactMap { $0.int.flatMap(Int.init(exactly:)) }
      guard let numbers, numbers.count == value.array?.count else {
        throw ModelError(path: "batches[\(index)]", problem: .wrongType(expected: "an array of instances"))
      }
      batches.append(numbers)
    }
  }

  public var json: JSONValue {
    .fields([
      "key": .string(key.description), "outcome": .raw(outcome), "release": .integer(release),
      "former_release": .integer(formerRelease), "changes": .list(changes), "untouched": .integer(untouched),
      "batches": .array(batches.map { .array($0.map { .integer($0) }) }), "current": current?.json,
      "proposed": proposed?.json,
      "seconds_per_instance": secondsPerInstance.map { .double($0) }, "runs_as": runsAs?.json,
      "open_ports": openPorts.map { .string($0) },
    ])
  }
}

extension UpdatePlan.Change: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      instance: try fields.integer("instance"), kind: try fields.enumeration("kind"),
      from: try fields.optionalInteger("from"), to: try fields.optionalInteger("to"))
  }

  public var json: JSONValue {
    .fields(["instance": .integer(instance), "kind": .raw(kind), "from": .integer(from), "to": .integer(to)])
  }
}

public import JSON
public import JobModel

// The records as the store keeps them. Absent fields take defaults, so that an older state can be read.

extension JobRecord {
  /// Reads a record whose releases are kept beside it; records of older schedulers hold their releases themselves.
  public init(json: JSONValue, revisions: [JobRevision]) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      key: try fields.jobKey("key"), revisions: revisions, current: try fields.integer("current"),
      desired: try fields.dictionary("desired", expected: "a revision") { name, value in
        guard let instance = Int(name), let number = value.int.flatMap(Int.init(exactly:)) else { return nil }
        return (instance, number)
      },
      completed: Set(try fields.integers("completed")), isEnding: try fields.optionalBool("ending") ?? false,
      lastCronDue: try fields.optionalTimestamp("last_cron_due"), createdAt: try fields.timestamp("created_at"),
      endedAt: try fields.optionalTimestamp("ended_at"))
  }

  /// The record without its releases, which are never changed together.
  public var jsonWithoutRevisions: JSONValue {
    let desired = desired.sorted { $0.key < $1.key }.map { (String($0.key), JSONValue.integer($0.value)) }
    return .fields([
      "key": .string(key.description), "current": .integer(current),
      "desired": .object(JSONObject(desired)), "completed": .array(completed.sorted().map { .integer($0) }),
      "ending": .bool(isEnding), "last_cron_due": lastCronDue.map { .time($0) }, "created_at": .time(createdAt),
      "ended_at": endedAt.map { .time($0) },
    ])
  }
}

extension JobRevision: JSONCodable {
  private enum CauseName: String, CaseIterable {
    case create, update, scale, rollback
  }

  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    let cause: Cause =
      switch try fields.optionalEnumeration("cause", CauseName.self) {
      case .update: .update
      case .scale: .scale
      case .rollback: .rollback(to: try fields.integer("restores"))
      case .create, nil: .create
      }
    self.init(
      number: try fields.integer("number"), configuration: try fields.object("configuration"),
      submittedAt: try fields.timestamp("submitted_at"), user: try fields.optionalString("user"),
      reason: try fields.optionalString("reason"), cause: cause, result: try fields.optionalEnumeration("result"))
  }

  public var json: JSONValue {
    let name: CauseName
    var restores: Int?
    switch cause {
    case .create: name = .create
    case .update: name = .update
    case .scale: name = .scale
    case .rollback(let number): (name, restores) = (.rollback, number)
    }
    return .fields([
      "number": .integer(number), "configuration": configuration.json, "submitted_at": .time(submittedAt),
      "user": .text(user), "reason": .text(reason), "cause": .raw(name), "restores": .integer(restores),
      "result": result.map { .raw($0) },
    ])
  }
}

extension TaskRecord {
  /// Reads a record whose configuration is kept beside it.
  public init(json: JSONValue, configuration: SharedConfiguration) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      id: TaskID(try fields.string("id")), job: try fields.jobKey("job"), instance: try fields.integer("instance"),
      sequence: try fields.integer("sequence"), revision: try fields.integer("revision"),
      shared: configuration, status: try fields.enumeration("status"), since: try fields.timestamp("since"),
      host: try fields.optionalString("host"), ports: try fields.ports("ports"),
      ancestor: try fields.optionalString("ancestor").map { TaskID($0) },
      restarts: try fields.optionalInteger("restarts") ?? 0, failures: try fields.optionalInteger("failures") ?? 0,
      flaps: try fields.optionalInteger("flaps") ?? 0, assignedAt: try fields.optionalTimestamp("assigned_at"),
      notBefore: try fields.optionalTimestamp("not_before"), executorPID: try fields.optionalInteger("executor_pid"),
      health: try fields.optionalObject("health"), healthySince: try fields.optionalTimestamp("healthy_since"),
      message: try fields.optionalString("message"), killAttempts: try fields.optionalInteger("kill_attempts") ?? 0,
      nextKill: try fields.optionalTimestamp("next_kill"), awaitsEnd: try fields.optionalBool("awaits_end") ?? false,
      isLeaving: try fields.optionalBool("leaving") ?? false,
      keepsPlace: try fields.optionalBool("keeps_place") ?? false,
      requestedEnd: try fields.optionalEnumeration("requested_end"), events: try fields.list("events"))
    // A scheduler that did not know it stored tasks that ran without it.
    if status == .running, healthySince == nil, health?.healthy ?? true { healthySince = since }
  }

  /// The record without its configuration, which many tasks share.
  public var jsonWithoutConfiguration: JSONValue {
    .fields([
      "id": .string(id.rawValue), "job": .string(job.description), "instance": .integer(instance),
      "sequence": .integer(sequence), "revision": .integer(revision), "status": .raw(status), "since": .time(since),
      "host": .text(host), "ports": .dictionary(ports) { .integer($0) }, "ancestor": .text(ancestor?.rawValue),
      "restarts": .integer(restarts), "failures": .integer(failures), "flaps": .integer(flaps),
      "assigned_at": assignedAt.map { .time($0) }, "not_before": notBefore.map { .time($0) },
      "executor_pid": .integer(executorPID), "health": health?.json,
      "healthy_since": healthySince.map { .time($0) }, "message": .text(message),
      "kill_attempts": .integer(killAttempts), "next_kill": nextKill.map { .time($0) },
      "awaits_end": .bool(awaitsEnd), "leaving": .flag(isLeaving ? true : nil),
      "keeps_place": .flag(keepsPlace ? true : nil), "requested_end": requestedEnd.map { .raw($0) },
      "events": .list(events),
    ])
  }
}

extension JobUpdate: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    let steps: [NumberedProgress] = try fields.list("instances")
    self.init(
      id: UpdateID(try fields.string("id")), job: try fields.jobKey("job"), status: try fields.enumeration("status"),
      configuration: try fields.object("configuration"), revision: try fields.integer("revision"),
      formerRevision: try fields.integer("former_revision"), isRestart: try fields.optionalBool("restart") ?? false,
      isWhole: try fields.optionalBool("whole") ?? true,
      instances: Dictionary(steps.map { ($0.instance, $0.progress) }, uniquingKeysWith: { _, last in last }),
      batches: [], openBatch: try fields.optionalInteger("open_batch") ?? 0,
      pulsedAt: try fields.optionalTimestamp("pulsed_at"), user: try fields.optionalString("user"),
      reason: try fields.optionalString("reason"), message: try fields.optionalString("message"),
      startedAt: try fields.timestamp("started_at"), since: try fields.timestamp("since"))
    guard let stored = json["batches"]?.array else {
      // An older scheduler worked them out at each look.
      batches = configuration.strategy.batches(of: JobUpdate.order(instances, isRollingBack: isRollingBack))
      return
    }
    for (index, value) in stored.enumerated() {
      let numbers = value.array?.compactMap { $0.int.flatMap(Int.init(exactly:)) }
      guard let numbers, numbers.count == value.array?.count else {
        throw ModelError(path: "batches[\(index)]", problem: .wrongType(expected: "an array of instances"))
      }
      batches.append(numbers)
    }
  }

  public var json: JSONValue {
    let steps = instances.sorted { $0.key < $1.key }.map { NumberedProgress(instance: $0.key, progress: $0.value) }
    return .fields([
      "id": .string(id.rawValue), "job": .string(job.description), "status": .raw(status),
      "configuration": configuration.json, "revision": .integer(revision),
      "former_revision": .integer(formerRevision), "restart": .bool(isRestart), "whole": .bool(isWhole),
      "instances": .list(steps), "batches": .array(batches.map { .array($0.map { .integer($0) }) }),
      "open_batch": .integer(openBatch), "pulsed_at": pulsedAt.map { .time($0) }, "user": .text(user),
      "reason": .text(reason), "message": .text(message), "started_at": .time(startedAt), "since": .time(since),
    ])
  }
}

extension SchedulerClock.Anchor: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(start: try fields.timestamp("start"), boot: try fields.string("boot"))
  }

  public var json: JSONValue { .members(["start": .time(start), "boot": .string(boot)]) }
}

extension HostDrain: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      startedAt: try fields.timestamp("started_at"), forceAt: try fields.optionalTimestamp("force_at"),
      user: try fields.optionalString("user"), reason: try fields.optionalString("reason"))
  }

  public var json: JSONValue {
    .fields([
      "started_at": .time(startedAt), "force_at": forceAt.map { .time($0) }, "user": .text(user),
      "reason": .text(reason),
    ])
  }
}

private struct NumberedProgress: JSONCodable {
  var instance: Int
  var progress: JobUpdate.Progress

  init(instance: Int, progress: JobUpdate.Progress) {
    self.instance = instance
    self.progress = progress
  }

  init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    instance = try fields.integer("instance")
    progress = JobUpdate.Progress(
      from: try fields.optionalInteger("from"), to: try fields.optionalInteger("to"),
      phase: try fields.enumeration("phase"), action: try fields.optionalEnumeration("action"),
      failures: try fields.integer("failures"), beganAt: try fields.integer("began_at"))
  }

  var json: JSONValue {
    .fields([
      "instance": .integer(instance), "from": .integer(progress.from), "to": .integer(progress.to),
      "phase": .raw(progress.phase), "action": progress.action.map { .raw($0) },
      "failures": .integer(progress.failures), "began_at": .integer(progress.beganAt),
    ])
  }
}

extension HostOffer: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    let first: Int = try fields.integer("first_port")
    let last: Int = try fields.integer("last_port")
    guard first <= last else {
      throw ModelError(path: "last_port", problem: .wrongType(expected: "at least first_port"))
    }
    var reserved = Set<Int>()
    for value in json["reserved_ports"]?.array ?? [] { reserved.insert(Int(clamping: value.int ?? 0)) }
    self.init(
      id: try fields.optionalString("id") ?? "", hostname: try fields.string("hostname"),
      address: try fields.optionalString("address"),
      admission: try fields.optionalEnumeration("admission") ?? .open, resources: try fields.object("resources"),
      ports: first...last,
      reservedPorts: reserved,
      attributes: try fields.dictionary("attributes", expected: "a string") { name, value in
        value.string.map { (name, $0) }
      })
  }

  public var json: JSONValue {
    .fields([
      "id": .text(id.isEmpty ? nil : id), "hostname": .string(hostname), "address": .text(address),
      "admission": admission == .open ? nil : .raw(admission), "resources": resources.json,
      "first_port": .integer(ports.lowerBound),
      "last_port": .integer(ports.upperBound), "reserved_ports": .array(reservedPorts.sorted().map { .integer($0) }),
      "attributes": .dictionary(attributes) { .string($0) },
    ])
  }
}

extension RecordedEvent {
  /// The event in the form of the API.
  public var json: JSONValue {
    var object = JSONObject([("time", .time(time)), ("job", .string(job.description))])
    switch subject {
    case .job: object["kind"] = "job"
    case .task(let id, let instance, let status):
      object["kind"] = "task"
      object["task"] = .string(id.rawValue)
      object["instance"] = .integer(instance)
      object["status"] = .raw(status)
    case .update(let id, let status):
      object["kind"] = "update"
      object["update"] = .string(id.rawValue)
      object["status"] = .raw(status)
    case .updateInstance(let id, let instance, let action):
      object["kind"] = "update_instance"
      object["update"] = .string(id.rawValue)
      object["instance"] = .integer(instance)
      object["status"] = .raw(action)
    }
    object["user"] = .text(user)
    object["message"] = .text(message)
    return .object(object)
  }
}

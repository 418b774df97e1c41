public import JSON

extension CheckpointRecord: JSONCodable {
  private enum KindName: String, CaseIterable {
    case executor, task, process, health, resources, announcement
  }

  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    sequence = try fields.integer("sequence")
    time = try fields.timestamp("time")
    switch try fields.enumeration("kind", KindName.self) {
    case .executor:
      kind = .executorStarted(pid: try fields.integer("pid"), startTicks: try fields.optionalInteger("start_ticks"))
    case .task: kind = .taskState(try fields.enumeration("status"), message: try fields.optionalString("message"))
    case .process: kind = .process(try ProcessRun(json: json))
    case .health: kind = .health(try HealthReport(json: json))
    case .resources: kind = .resources(try ResourceSample(json: json))
    case .announcement:
      kind = .announcement(try fields.optionalObject("announced"), reason: try fields.optionalString("reason"))
    }
  }

  public var json: JSONValue {
    var object = JSONObject([("sequence", .integer(sequence)), ("time", .time(time))])
    let body: JSONValue
    switch kind {
    case .executorStarted(let pid, let startTicks):
      object["kind"] = .raw(KindName.executor)
      body = .fields(["pid": .integer(pid), "start_ticks": .integer(startTicks)])
    case .taskState(let status, let message):
      object["kind"] = .raw(KindName.task)
      body = .fields(["status": .raw(status), "message": .text(message)])
    case .process(let run):
      object["kind"] = .raw(KindName.process)
      body = run.json
    case .health(let report):
      object["kind"] = .raw(KindName.health)
      body = report.json
    case .resources(let sample):
      object["kind"] = .raw(KindName.resources)
      body = sample.json
    case .announcement(let announcement, let reason):
      object["kind"] = .raw(KindName.announcement)
      body = .fields(["announced": announcement?.json, "reason": .text(reason)])
    }
    for (name, value) in body.object ?? JSONObject() { object[name] = value }
    return .object(object)
  }
}

extension ProcessRun: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      name: try fields.string("name"), run: try fields.integer("run"), status: try fields.enumeration("status"),
      pid: try fields.optionalInteger("pid"), exitCode: try fields.optionalInteger("exit_code"),
      signal: try fields.optionalInteger("signal"))
  }

  public var json: JSONValue {
    .fields([
      "name": .string(name), "run": .integer(run), "status": .raw(status), "pid": .integer(pid),
      "exit_code": .integer(exitCode), "signal": .integer(signal),
    ])
  }
}

extension HealthReport: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      healthy: try fields.bool("healthy"), consecutiveFailures: try fields.integer("consecutive_failures"),
      message: try fields.optionalString("message"))
  }

  public var json: JSONValue {
    .fields([
      "healthy": .bool(healthy), "consecutive_failures": .integer(consecutiveFailures), "message": .text(message),
    ])
  }
}

extension Announcement: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      host: try fields.string("host"), port: try fields.integer("port"),
      endpoints: try fields.dictionary("endpoints", expected: "a port number") { name, value in
        value.int.flatMap(Int.init(exactly:)).map { (name, $0) }
      })
  }

  public var json: JSONValue {
    .members([
      "host": .string(host), "port": .integer(port), "endpoints": .dictionary(endpoints) { .integer($0) },
    ])
  }
}

extension ResourceSample: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    guard let cpuTime = try fields.optionalDuration("cpu_time") else {
      throw ModelError(path: "cpu_time", problem: .missing)
    }
    self.init(
      cpuTime: cpuTime, memory: try fields.integer("memory"), disk: try fields.integer("disk"),
      processes: try fields.integer("processes"), throttled: try fields.optionalDuration("throttled"),
      memoryPeak: try fields.optionalInteger("memory_peak"),
      outOfMemoryKills: try fields.optionalInteger("oom_kills"))
  }

  public var json: JSONValue {
    .fields([
      "cpu_time": .seconds(cpuTime), "memory": .integer(memory), "disk": .integer(disk),
      "processes": .integer(processes), "throttled": throttled.map { .seconds($0) },
      "memory_peak": .integer(memoryPeak), "oom_kills": .integer(outOfMemoryKills),
    ])
  }
}

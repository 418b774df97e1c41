public import JSON

extension Resources: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    guard let cpu = try fields.optionalDouble("cpu") else { throw ModelError(path: "cpu", problem: .missing) }
    guard cpu.magnitude < 1e9 else { throw ModelError(path: "cpu", problem: .wrongType(expected: "a number of cores")) }
    self.init(
      cpu: cpu, ram: try fields.integer("ram"), disk: try fields.integer("disk"),
      processes: try fields.optionalInteger("processes") ?? Resources.defaultProcesses,
      gpu: try fields.optionalInteger("gpu") ?? 0)
  }

  public var json: JSONValue {
    .fields([
      "cpu": milliCPU % 1000 == 0 ? .integer(milliCPU / 1000) : .double(cpu), "ram": .integer(ram),
      "disk": .integer(disk), "processes": .integer(processes), "gpu": .integer(gpu == 0 ? Int?.none : gpu),
    ])
  }
}

extension ProcessConfiguration: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(name: try fields.string("name"), cmdline: try fields.string("cmdline"))
    maxFailures = try fields.optionalInteger("max_failures") ?? maxFailures
    daemon = try fields.optionalBool("daemon") ?? daemon
    ephemeral = try fields.optionalBool("ephemeral") ?? ephemeral
    minDuration = try fields.optionalDuration("min_duration") ?? minDuration
    final = try fields.optionalBool("final") ?? final
    logger = try fields.optionalObject("logger")
  }

  public var json: JSONValue {
    .fields([
      "name": .string(name), "cmdline": .string(cmdline), "max_failures": .integer(maxFailures),
      "daemon": .bool(daemon), "ephemeral": .bool(ephemeral), "min_duration": .seconds(minDuration),
      "final": .bool(final), "logger": logger?.json,
    ])
  }
}

extension LoggerConfiguration: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init()
    destination = try fields.optionalEnumeration("destination") ?? destination
    mode = try fields.optionalEnumeration("mode") ?? mode
    logSize = try fields.optionalInteger("log_size") ?? logSize
    backups = try fields.optionalInteger("backups") ?? backups
  }

  public var json: JSONValue {
    .members([
      "destination": .raw(destination), "mode": .raw(mode), "log_size": .integer(logSize),
      "backups": .integer(backups),
    ])
  }
}

extension OrderConstraint: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    self.init(order: try FieldReader(json).strings("order"))
  }

  public var json: JSONValue { .members(["order": .strings(order)]) }
}

extension TaskConfiguration: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      name: try fields.string("name"), processes: try fields.list("processes"),
      constraints: try fields.list("constraints"), resources: try fields.object("resources"))
    maxFailures = try fields.optionalInteger("max_failures") ?? maxFailures
    maxConcurrency = try fields.optionalInteger("max_concurrency") ?? maxConcurrency
    finalizationWait = try fields.optionalDuration("finalization_wait") ?? finalizationWait
    user = try fields.optionalString("user")
    artifacts = try fields.list("artifacts")
    environment = try fields.stringDictionary("environment")
    volumes = try fields.list("volumes")
    secrets = try fields.stringDictionary("secrets").sorted { $0.key < $1.key }.map {
      Secret(name: $0.key, reference: $0.value)
    }
  }

  public var json: JSONValue {
    .fields([
      "name": .string(name), "processes": .list(processes), "constraints": .list(constraints),
      "resources": resources.json, "max_failures": .integer(maxFailures),
      "max_concurrency": .integer(maxConcurrency), "finalization_wait": .seconds(finalizationWait),
      "user": .text(user), "artifacts": .list(artifacts), "environment": .dictionaryUnlessEmpty(environment),
      "volumes": .listUnlessEmpty(volumes),
      "secrets": .dictionaryUnlessEmpty(
        Dictionary(secrets.map { ($0.name, $0.reference) }) { first, _ in first }),
    ])
  }
}

extension TaskArtifact: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      name: try fields.string("name"), hashType: try fields.enumeration("hashtype"),
      version: try fields.string("version"), platform: try fields.optionalString("platform"),
      digest: try fields.optionalString("digest"), size: try fields.optionalInteger("size"),
      branch: try fields.optionalString("branch"), isOnMainBranch: try fields.optionalBool("on_main_branch"))
  }

  public var json: JSONValue {
    .fields([
      "name": .string(name), "hashtype": .raw(hashType), "version": .string(version), "platform": .text(platform),
      "digest": .text(digest), "size": .integer(size), "branch": .text(branch),
      "on_main_branch": .flag(isOnMainBranch),
    ])
  }
}

extension JobConfiguration: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(key: try fields.jobKey("key"), task: try fields.object("task"))
    owner = try fields.optionalString("owner")
    contact = try fields.optionalString("contact")
    isService = try fields.optionalBool("service") ?? isService
    cron = try fields.optionalObject("cron")
    instances = try fields.optionalInteger("instances") ?? instances
    healthCheck = try fields.optionalObject("health_check")
    update = try fields.optionalObject("update") ?? update
    announce = try fields.optionalObject("announce")
    lifecycle = try fields.optionalObject("lifecycle")
    priority = try fields.optionalInteger("priority") ?? priority
    tier = try fields.optionalEnumeration("tier") ?? tier
    maxTaskFailures = try fields.optionalInteger("max_task_failures") ?? maxTaskFailures
    metadata = try fields.stringDictionary("metadata")
    constraints = try fields.constraints("constraints")
    slaPolicy = try fields.optionalObject("sla_policy")
    partitionPolicy = try fields.optionalObject("partition_policy")
    container = try fields.optionalObject("container")
    executor = try fields.optionalObject("executor")
    drain = try fields.optionalDuration("drain") ?? drain
    alerts = try fields.list("alerts")
    source = try fields.optionalObject("source")
  }

  public var json: JSONValue {
    .fields([
      "key": .string(key.description), "owner": .text(owner), "contact": .text(contact), "service": .bool(isService),
      "cron": cron?.json, "instances": .integer(instances), "task": task.json, "health_check": healthCheck?.json,
      "update": update.json, "announce": announce?.json, "lifecycle": lifecycle?.json,
      "priority": .integer(priority), "tier": .raw(tier), "max_task_failures": .integer(maxTaskFailures),
      "metadata": .dictionary(metadata) { .string($0) },
      "constraints": .dictionaryUnlessEmpty(
        Dictionary(constraints.map { ($0.attribute, $0.text) }) { first, _ in first }),
      "sla_policy": slaPolicy?.json, "partition_policy": partitionPolicy?.json, "container": container?.json,
      "executor": executor?.json, "drain": drain == .zero ? JSONValue?.none : .seconds(drain),
      "alerts": .listUnlessEmpty(alerts),
      "source": source?.json,
    ])
  }
}

extension CronConfiguration: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(schedule: try fields.string("schedule"))
    timeZone = try fields.optionalString("time_zone") ?? timeZone
    collisionPolicy = try fields.optionalEnumeration("collision_policy") ?? collisionPolicy
  }

  public var json: JSONValue {
    .members([
      "schedule": .string(schedule), "time_zone": .string(timeZone), "collision_policy": .raw(collisionPolicy),
    ])
  }
}

extension JobSource: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      path: try fields.string("path"), template: try fields.optionalString("template"),
      templateDigest: try fields.optionalString("template_digest"), digest: try fields.optionalString("digest"),
      commit: try fields.optionalString("commit"), isCommitted: try fields.optionalBool("committed"),
      bindings: try fields.stringDictionary("bindings"))
  }

  public var json: JSONValue {
    .fields([
      "path": .string(path), "template": .text(template), "template_digest": .text(templateDigest),
      "digest": .text(digest), "commit": .text(commit), "committed": .flag(isCommitted),
      "bindings": .dictionaryUnlessEmpty(bindings),
    ])
  }
}

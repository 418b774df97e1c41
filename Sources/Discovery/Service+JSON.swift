public import JSON
public import JobModel

extension Service: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      key: try fields.jobKey("key"), instances: try fields.list("instances"), withdrawn: try fields.list("withdrawn"))
  }

  public var json: JSONValue {
    .members([
      "key": .string(key.description), "instances": .list(instances), "withdrawn": .list(withdrawn),
    ])
  }
}

extension ServiceInstance: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      shard: try fields.integer("shard"), taskID: try fields.optionalString("task_id").map { TaskID($0) },
      announcement: try Announcement(
        json: .fields([
          "host": json["host"], "port": json["port"], "endpoints": json["ports"],
        ])), health: try fields.enumeration("health"), release: try fields.optionalInteger("release"),
      commit: try fields.optionalString("commit"))
  }

  public var json: JSONValue {
    .fields([
      "shard": .integer(shard), "task_id": .text(taskID?.rawValue), "host": .string(announcement.host),
      "port": .integer(announcement.port), "ports": .dictionary(announcement.endpoints) { .integer($0) },
      "health": .raw(health), "release": .integer(release), "commit": .text(commit),
    ])
  }
}

extension WithdrawnInstance: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      shard: try fields.integer("shard"), taskID: TaskID(try fields.string("task_id")),
      status: try fields.enumeration("status"), reason: try fields.string("reason"),
      isUnknown: try fields.optionalBool("unknown") ?? false)
  }

  public var json: JSONValue {
    .fields([
      "shard": .integer(shard), "task_id": .string(taskID.rawValue), "status": .raw(status), "reason": .string(reason),
      "unknown": isUnknown ? .bool(true) : JSONValue?.none,
    ])
  }
}

extension Service {
  /// Reads `{"services": […]}`, the form of the scheduler's catalogue.
  public static func catalogue(_ json: JSONValue) throws(ModelError) -> [Service] {
    guard json["services"] != nil else { throw ModelError(path: "services", problem: .missing) }
    return try FieldReader(json).list("services")
  }

  public static func json(_ services: [Service]) -> JSONValue { .members(["services": .list(services)]) }
}

public import JSON

/// A cron job with its next runs, as the API returns it.
public struct CronStatus: Sendable, Hashable {
  public var key: JobKey
  public var cron: CronConfiguration
  /// The next times at which it is due, the first one first.
  public var next: [Timestamp]
  /// The newest task of it that is remembered.
  public var lastRun: InstanceStatus?

  public init(key: JobKey, cron: CronConfiguration, next: [Timestamp], lastRun: InstanceStatus? = nil) {
    self.key = key
    self.cron = cron
    self.next = next
    self.lastRun = lastRun
  }
}

/// The quota of a role, or of one stage of it, as the API returns it.
public struct QuotaStatus: Sendable, Hashable {
  /// `role` or `role/stage`.
  public var name: String
  /// The total resources that its jobs can request; nil for no limit.
  public var limit: Resources?
  /// The requested resources.
  public var used: Resources

  public init(name: String, limit: Resources?, used: Resources) {
    self.name = name
    self.limit = limit
    self.used = used
  }
}

extension CronStatus: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    var next: [Timestamp] = []
    for (index, value) in (json["next"]?.array ?? []).enumerated() {
      guard let milliseconds = value.int else {
        throw ModelError(path: "next[\(index)]", problem: .wrongType(expected: "a time in milliseconds"))
      }
      next.append(Timestamp(milliseconds: milliseconds))
    }
    self.init(
      key: try fields.jobKey("key"), cron: try fields.object("cron"), next: next,
      lastRun: try fields.optionalObject("last_run"))
  }

  public var json: JSONValue {
    .fields([
      "key": .string(key.description), "cron": cron.json, "next": .array(next.map { .time($0) }),
      "last_run": lastRun?.json,
    ])
  }
}

extension QuotaStatus: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      name: try fields.string("name"), limit: try fields.optionalObject("limit"), used: try fields.object("used"))
  }

  public var json: JSONValue { .fields(["name": .string(name), "limit": limit?.json, "used": used.json]) }
}

public import JSON

extension SlaPolicy: JSONCodable {
  private enum Kind: String, CaseIterable { case count, percentage, coordinator }

  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    let kind = try fields.enumeration("kind", Kind.self)
    if kind == .coordinator {
      self = .coordinator(
        url: try fields.string("url"),
        statusKey: try fields.optionalString("status_key") ?? SlaPolicy.defaultStatusKey)
      return
    }
    guard let duration = try fields.optionalDuration("duration") else {
      throw ModelError(path: "duration", problem: .missing)
    }
    if kind == .count {
      self = .count(try fields.integer("count"), duration: duration)
    } else {
      guard let percentage = try fields.optionalDouble("percentage") else {
        throw ModelError(path: "percentage", problem: .missing)
      }
      self = .percentage(percentage, duration: duration)
    }
  }

  public var json: JSONValue {
    switch self {
    case .count(let count, let duration):
      .members(["kind": "count", "count": .integer(count), "duration": .seconds(duration)])
    case .percentage(let percentage, let duration):
      .members(["kind": "percentage", "percentage": .double(percentage), "duration": .seconds(duration)])
    case .coordinator(let url, let statusKey):
      .members(["kind": "coordinator", "url": .string(url), "status_key": .string(statusKey)])
    }
  }
}

extension PartitionPolicy: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init()
    reschedule = try fields.optionalBool("reschedule") ?? reschedule
    delay = try fields.optionalDuration("delay") ?? delay
    stop = try fields.optionalBool("stop") ?? stop
  }

  public var json: JSONValue {
    .fields(["reschedule": .bool(reschedule), "delay": .seconds(delay), "stop": .flag(stop ? true : nil)])
  }
}

extension ExecutorReference: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init()
    name = try fields.optionalString("name") ?? name
    data = try fields.optionalString("data") ?? data
  }

  public var json: JSONValue { .members(["name": .string(name), "data": .string(data)]) }
}

extension AlertRule: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(try fields.enumeration("condition"))
    isEnabled = try fields.optionalBool("enabled") ?? isEnabled
    period = try fields.optionalDuration("period")
    threshold = try fields.optionalDouble("threshold")
    severity = try fields.optionalEnumeration("severity") ?? severity
  }

  public var json: JSONValue {
    .fields([
      "condition": .raw(condition), "enabled": .bool(isEnabled), "period": period.map { .seconds($0) },
      "threshold": threshold.map { .double($0) }, "severity": .raw(severity),
    ])
  }
}

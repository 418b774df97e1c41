internal import HTTPClient
public import JSON
public import JobModel

/// The answer to a change that runs as an update.
public struct ChangeReceipt: Sendable, Hashable {
  public var key: JobKey
  public var outcome: UpdatePlan.Outcome
  public var release: Int?
  /// The update that carries the change out; nil for a creation, and if nothing changes.
  public var update: UpdateID?
  /// The document itself, for `--format json`.
  public var json: JSONValue

  init(json: JSONValue) throws {
    let fields = try FieldReader(json)
    self.json = json
    key = try fields.jobKey("key")
    outcome = try fields.enumeration("outcome")
    release = try fields.optionalInteger("release")
    update = try fields.optionalString("update").map { UpdateID($0) }
  }
}

extension SchedulerClient {
  // MARK: Plans and changes

  /// The effect that submitting a configuration would have.
  public func plan(_ configuration: JobConfiguration, instances: [Int] = []) throws -> UpdatePlan {
    let answer = try post(path(configuration.key) + "/plan", submission(configuration, instances))
    return try decoding { try UpdatePlan(json: $0) }(answer)
  }

  /// Updates a job to a configuration, and creates a job that does not exist.
  public func update(_ configuration: JobConfiguration, instances: [Int] = []) throws -> ChangeReceipt {
    try receipt(post(path(configuration.key) + "/update", submission(configuration, instances)))
  }

  /// Changes the number of instances.
  public func scale(_ key: JobKey, to count: Int) throws -> ChangeReceipt {
    try receipt(post(path(key) + "/scale", ["count": .int(Int64(count))]))
  }

  /// The plan of ``scale(_:to:)``.
  public func scalePlan(_ key: JobKey, to count: Int) throws -> UpdatePlan {
    let body: JSONValue = ["count": .int(Int64(count)), "dry_run": true]
    return try decoding { try UpdatePlan(json: $0) }(try post(path(key) + "/scale", body))
  }

  /// Restarts instances, all of them when none are named: in batches, or at once.
  @discardableResult
  public func restart(_ key: JobKey, instances: [Int] = [], atOnce: Bool = false) throws -> ChangeReceipt {
    var body = JSONObject([("at_once", .bool(atOnce))])
    if !instances.isEmpty { body["instances"] = numbers(instances) }
    return try receipt(post(path(key) + "/restart", .object(body)))
  }

  /// Rolls the update in progress back, or updates the job to an earlier release.
  public func rollBack(_ key: JobKey, to release: Int?) throws -> ChangeReceipt {
    try receipt(post(path(key) + "/rollback", rollback(release)))
  }

  /// The plan of ``rollBack(_:to:)``.
  public func rollbackPlan(_ key: JobKey, to release: Int?) throws -> UpdatePlan {
    var body = rollback(release).object ?? JSONObject()
    body["dry_run"] = true
    return try decoding { try UpdatePlan(json: $0) }(try post(path(key) + "/rollback", .object(body)))
  }

  /// Changes the update in progress: `pause`, `resume`, `abort`, `rollback`, `pulse`.
  public func changeUpdate(_ key: JobKey, _ verb: String) throws -> ChangeReceipt {
    try receipt(post(path(key) + "/update/\(verb)", .object(JSONObject())))
  }

  // MARK: Updates and releases

  /// The updates of all jobs that the scheduler remembers, the newest first.
  public func updates(activeOnly: Bool = false) throws -> [UpdateSummary] {
    let answer = try get("/api/updates" + (activeOnly ? "?active=1" : ""))
    return try decoding { try ($0["updates"]?.array ?? []).map { try UpdateSummary(json: $0) } }(answer)
  }

  /// The update of a job that is in progress, or its last one; nil when there is none.
  public func latestUpdate(of key: JobKey) throws -> UpdateDetail? { try update(at: path(key) + "/update") }

  /// An update by its id; nil when the scheduler does not remember it.
  public func update(_ id: UpdateID) throws -> UpdateDetail? {
    // An ID consists of identifiers, which need no encoding.
    try update(at: "/api/updates/\(id)")
  }

  private func update(at path: String) throws -> UpdateDetail? {
    let response = try send(HTTPRequest(.get, base + path))
    if response.status == 404 { return nil }
    return try decoding { try UpdateDetail(json: $0) }(try json(response))
  }

  /// The releases of a job that are kept, the newest first.
  public func releases(of key: JobKey) throws -> [Release] {
    try decoding { try ($0["releases"]?.array ?? []).map { try Release(json: $0) } }(try get(path(key) + "/releases"))
  }

  /// The configuration of a release.
  public func configuration(of key: JobKey, release: Int) throws -> JobConfiguration {
    try decoding { try JobConfiguration(json: $0["configuration"] ?? .null) }(
      try get(path(key) + "/releases/\(release)"))
  }

  /// Why instances of a job failed last, the newest first.
  public func failures(of key: JobKey) throws -> [TaskEnding] {
    try decoding { try ($0["failures"]?.array ?? []).map { try TaskEnding(json: $0) } }(
      try get(path(key) + "/failures"))
  }

  /// The SLA figures of a job.
  public func slaFigures(of key: JobKey) throws -> SlaFigures {
    try decoding { try SlaFigures(json: $0) }(try get(path(key) + "/sla"))
  }

  private func submission(_ configuration: JobConfiguration, _ instances: [Int]) -> JSONValue {
    var body = JSONObject([("configuration", configuration.json)])
    if !instances.isEmpty { body["instances"] = numbers(instances) }
    return .object(body)
  }

  private func rollback(_ release: Int?) -> JSONValue {
    release.map { .members(["release": .int(Int64($0))]) } ?? .object(JSONObject())
  }

  private func numbers(_ instances: [Int]) -> JSONValue { .array(instances.map { .int(Int64($0)) }) }

  func receipt(_ answer: JSONValue) throws -> ChangeReceipt {
    try decoding { try ChangeReceipt(json: $0) }(answer)
  }
}

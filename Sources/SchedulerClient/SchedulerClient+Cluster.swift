internal import HTTPClient
internal import JSON
public import JobModel

extension SchedulerClient {
  /// The cron jobs with their next runs.
  public func cronJobs() throws -> [CronStatus] {
    try decoding { try ($0["jobs"]?.array ?? []).map { try CronStatus(json: $0) } }(try get("/api/cron"))
  }

  /// Runs a cron job now.
  public func startCron(_ key: JobKey) throws -> ChangeReceipt {
    try receipt(post(path(key) + "/cron/start", .object(JSONObject())))
  }

  /// The instances of a process of the scheduler's host, of one of its ports, or of a digest or size of a bundle:
  /// `pid`, `port`, `digest`, `size`.
  public func whence(_ kind: String, _ value: String) throws -> WhenceAnswer {
    // Numbers and hexadecimal digits need no encoding.
    try decoding { try WhenceAnswer(json: $0) }(get("/api/whence?\(kind)=\(value)"))
  }

  /// The origin of an instance.
  public func whence(_ key: JobKey, instance: Int) throws -> WhenceAnswer {
    try decoding { try WhenceAnswer(json: $0) }(get(path(key) + "/instances/\(instance)/whence"))
  }

  /// The quotas by role and stage, with the requests of their jobs.
  public func quotas() throws -> [QuotaStatus] {
    try decoding { try ($0["quotas"]?.array ?? []).map { try QuotaStatus(json: $0) } }(try get("/api/quotas"))
  }

  /// The quota of `role` or `role/stage`, whose parts are identifiers.
  public func quota(_ name: String) throws -> QuotaStatus {
    try decoding { try QuotaStatus(json: $0) }(try get("/api/quotas/\(name)"))
  }

  /// Sets a quota; nil removes it.
  public func setQuota(_ name: String, _ limit: Resources?) throws -> QuotaStatus {
    let request =
      limit.map { HTTPRequest(.put, base + "/api/quotas/\(name)", body: .bytes($0.json.bytes())) }
      ?? HTTPRequest(.delete, base + "/api/quotas/\(name)")
    return try decoding { try QuotaStatus(json: $0) }(try json(send(request)))
  }
}

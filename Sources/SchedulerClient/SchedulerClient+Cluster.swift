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

  /// The instances behind a process of the scheduler's host, a port of it, or a digest or size of a bundle: `pid`, `port`,
  /// `digest`, `size`.
  public func whence(_ kind: String, _ value: String) throws -> WhenceAnswer {
    // Numbers and hexadecimal digits: nothing in them needs encoding.
    try decoding { try WhenceAnswer(json: $0) }(get("/api/whence?\(kind)=\(value)"))
  }

  /// Where an instance comes from.
  public func whence(_ key: JobKey, instance: Int) throws -> WhenceAnswer {
    try decoding { try WhenceAnswer(json: $0) }(get(path(key) + "/instances/\(instance)/whence"))
  }

  /// The quotas by role and stage, with what their jobs ask for.
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

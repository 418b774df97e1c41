public import JSON

// Calls that concern the whole host.
extension SchedulerClient {
  /// Makes the scheduler write a copy of its database; returns the path of the copy on its machine.
  public func backup() throws -> String {
    try post("/api/backup", .object(JSONObject()))["path"]?.string ?? ""
  }

  /// Whether the host is being drained, and the tasks that still run there.
  public func drain() throws -> JSONValue { try get("/api/drain") }

  /// Empties the host. After `patience` seconds, SLA policies hold no task back; nil waits for them.
  public func startDrain(patience: Int?) throws -> JSONValue {
    var body = JSONObject()
    if let patience { body["patience"] = .int(Int64(patience)) }
    if let reason { body["reason"] = .string(reason) }
    return try post("/api/drain", .object(body))
  }

  /// Lets the host take tasks again.
  public func endDrain() throws -> JSONValue { try delete("/api/drain") }
}

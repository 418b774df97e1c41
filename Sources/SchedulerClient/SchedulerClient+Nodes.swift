public import JSON
internal import SystemSupport

// Calls that concern the nodes of a Docker Swarm.
extension SchedulerClient {
  /// The engine, the image, and each node with what runs there.
  public func nodes() throws -> JSONValue { try get("/api/nodes") }

  /// Has the tasks of a node moved elsewhere.
  ///
  /// - Parameter node: its hostname or ID.
  public func startDrain(node: String) throws -> JSONValue {
    try post("/api/nodes/\(PercentEncoding.encode(node))/drain", .object(JSONObject()))
  }

  /// Lets a node take tasks again.
  public func endDrain(node: String) throws -> JSONValue {
    try delete("/api/nodes/\(PercentEncoding.encode(node))/drain")
  }
}

internal import HTTPClient
public import JSON
public import JobModel

extension SchedulerClient {
  /// Starts a run; the answer is its state.
  public func startPipeline(_ submission: JSONValue) throws -> JSONValue { try post("/api/pipelines", submission) }

  /// The runs of pipelines, newest first.
  public func pipelineRuns() throws -> [JSONValue] { try get("/api/pipelines")["runs"]?.array ?? [] }

  /// The state of one run, whose id is an identifier.
  public func pipelineRun(_ id: String) throws -> JSONValue { try get("/api/pipelines/\(id)") }

  /// Puts a pipeline on the schedule; the answer is one of ``pipelineSchedules()``.
  public func schedulePipeline(_ submission: JSONValue) throws -> JSONValue {
    try post("/api/pipelines/schedules", submission)
  }

  /// The scheduled pipelines.
  public func pipelineSchedules() throws -> [JSONValue] {
    try get("/api/pipelines/schedules")["schedules"]?.array ?? []
  }

  /// Takes a pipeline off the schedule. Its three names are identifiers.
  public func deschedulePipeline(role: String, stage: String, name: String) throws -> JSONValue {
    try delete("/api/pipelines/schedules/\(role)/\(stage)/\(name)")
  }

  public func cancelPipeline(_ id: String) throws -> JSONValue {
    try post("/api/pipelines/\(id)/cancel", .object(JSONObject()))
  }

  public func retryPipeline(_ id: String) throws -> JSONValue {
    try post("/api/pipelines/\(id)/retry", .object(JSONObject()))
  }
}

extension SchedulerClient {
  /// What a task's process has written to a stream; empty when it has not started.
  ///
  /// - Parameter stream: `stdout` or `stderr`.
  public func log(_ key: JobKey, instance: Int, task: String, process: String, stream: String) throws -> [UInt8] {
    // The name of a task is made of identifiers: nothing in it needs encoding.
    let response = try send(
      HTTPRequest(.get, base + path(key) + "/instances/\(instance)/logs/\(process)/\(stream)?task=\(task)"))
    if response.status == 404 { return [] }
    return try checked(response).body
  }
}

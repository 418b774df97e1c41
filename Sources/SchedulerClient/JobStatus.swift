public import JSON
public import JobModel

/// A job in the API: its wanted state, and its instances.
public struct JobStatus: Sendable {
  public var summary: JobSummary
  public var instances: [InstanceStatus]
  public var configuration: JobConfiguration
  /// True when the job was killed and only its history is left.
  public var isGone: Bool
  /// The end of the last ended task of each instance.
  public var endings: [TaskEnding]
  /// The user that tasks of the job run as; nil from a scheduler that does not say.
  public var runsAs: RunsAs?
  /// Why tasks of the host can take ports of other tasks; nil when they cannot.
  public var openPorts: String?
  /// The hostnames of the nodes of tasks; empty where all tasks run on one machine.
  public var hosts: [TaskID: String] = [:]
  /// The document itself, for `--format json`.
  public var json: JSONValue

  public init(json: JSONValue) throws {
    self.json = json
    summary = try JobSummary(json: json["job"] ?? .null)
    instances = try (json["instances"]?.array ?? []).map { try InstanceStatus(json: $0) }
    isGone = json["gone"]?.bool ?? false
    endings = try (json["endings"]?.array ?? []).map { try TaskEnding(json: $0) }
    runsAs = try json["runs_as"].map { try RunsAs(json: $0) }
    openPorts = json["open_ports"]?.string
    for (task, host) in json["hosts"]?.object ?? JSONObject() { hosts[TaskID(task)] = host.string }
    configuration = try JobConfiguration(json: json["configuration"] ?? .null)
  }
}

public import JSON
public import JobModel

/// A job as the API describes it: what it is meant to be, and what its instances are.
public struct JobStatus: Sendable {
  public var summary: JobSummary
  public var instances: [InstanceStatus]
  public var configuration: JobConfiguration
  /// The document itself, for `--format json`.
  public var json: JSONValue

  init(json: JSONValue) throws {
    self.json = json
    summary = try JobSummary(json: json["job"] ?? .null)
    instances = try (json["instances"]?.array ?? []).map { try InstanceStatus(json: $0) }
    configuration = try JobConfiguration(json: json["configuration"] ?? .null)
  }
}

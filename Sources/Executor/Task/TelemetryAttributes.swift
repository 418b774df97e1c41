import JobModel
import SystemSupport

/// The origin of telemetry data of OpenTelemetry's libraries in a task: the variables `OTEL_SERVICE_NAME` and
/// `OTEL_RESOURCE_ATTRIBUTES`, with the names of the semantic conventions where they exist.
struct TelemetryAttributes {
  static let serviceNameVariable = "OTEL_SERVICE_NAME"
  static let attributesVariable = "OTEL_RESOURCE_ATTRIBUTES"

  private let service: String
  private let attributes: [(name: String, value: String)]

  init(_ assignment: TaskAssignment) {
    let key = assignment.jobKey
    let commit = assignment.configuration.task.artifacts.lazy.compactMap(\.commit).first
    let artifact = assignment.configuration.task.artifacts.first
    let release = assignment.release.map { "\($0)" }
    service = key.name
    let all: [(String, String?)] = [
      ("service.name", key.name), ("service.namespace", key.role),
      ("service.version", commit ?? artifact?.version ?? release),
      ("service.instance.id", "\(assignment.instanceKey)"), ("deployment.environment.name", key.stage),
      ("deployment.environment", key.stage), ("vcs.ref.head.revision", commit), ("host.name", assignment.hostname),
      ("kilt.cluster", key.cluster), ("kilt.role", key.role), ("kilt.stage", key.stage), ("kilt.job", key.name),
      ("kilt.instance", "\(assignment.instance)"), ("kilt.release", release), ("kilt.commit", commit),
      ("kilt.task", assignment.taskID.rawValue),
    ]
    attributes = all.compactMap { name, value in value.map { (name, $0) } }
  }

  /// Adds both variables. A service name of the job file stays, and so do its attributes: they come last, where they
  /// take the place of those before.
  func add(to variables: inout [String: String]) {
    if variables[Self.serviceNameVariable]?.isEmpty != false { variables[Self.serviceNameVariable] = service }
    // W3C Baggage, where the variable's format is from, has every character but plain ones encoded.
    let own = attributes.map { "\($0.name)=\(PercentEncoding.encode($0.value, keeping: "/:+"))" }
    let given = variables[Self.attributesVariable].flatMap { $0.isEmpty ? nil : $0 }
    variables[Self.attributesVariable] = (own + [given].compactMap(\.self)).joined(separator: ",")
  }
}

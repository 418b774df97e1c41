import JobModel

/// What OpenTelemetry's libraries in a task say of where their data comes from: the variables `OTEL_SERVICE_NAME` and
/// `OTEL_RESOURCE_ATTRIBUTES`, with the semantic conventions' names for what has one.
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
    let own = attributes.map { "\($0.name)=\(Self.encoded($0.value))" }
    let given = variables[Self.attributesVariable].flatMap { $0.isEmpty ? nil : $0 }
    variables[Self.attributesVariable] = (own + [given].compactMap(\.self)).joined(separator: ",")
  }

  /// A value as W3C Baggage has it, where the variable's format is from: everything but plain characters encoded.
  private static func encoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    let bytes = text.utf8.flatMap { byte -> [UInt8] in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "/"), UInt8(ascii: ":"), UInt8(ascii: "+"):
        [byte]
      default: [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

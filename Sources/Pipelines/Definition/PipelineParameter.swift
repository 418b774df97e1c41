public import JSON

/// A parameter of a pipeline: a typed value that each run gets.
public struct PipelineParameter: Sendable, Hashable {
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    case string, int, float, bool
    /// A day, such as 2024-02-29.
    case date
  }

  public var name: String
  public var kind: Kind
  /// Nil: every run must name a value.
  public var defaultValue: JSONValue?
  public var description: String?

  public init(name: String, kind: Kind, defaultValue: JSONValue? = nil, description: String? = nil) {
    self.name = name
    self.kind = kind
    self.defaultValue = defaultValue
    self.description = description
  }

  /// The variable of a step's environment that holds the value.
  public var variable: String { "KILT_PARAM_" + name.uppercased() }

  /// Whether a name can be a parameter: letters, digits and `_`, with a letter first.
  public static func isName(_ name: String) -> Bool {
    guard let first = name.utf8.first, (0x61...0x7A).contains(first | 0x20), name.utf8.count <= 64 else { return false }
    return name.utf8.allSatisfy { (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) || $0 == 0x5F }
  }
}

extension PipelineParameter.Kind {
  /// The value that a text stands for; nil for a text that is not of this kind.
  public func value(of text: String) -> JSONValue? {
    switch self {
    case .string: .string(text)
    case .int: Int64(text).map { .int($0) }
    case .float: Double(text).flatMap { $0.isFinite ? .double($0) : nil }
    case .bool: text == "true" ? .bool(true) : text == "false" ? .bool(false) : nil
    case .date: CivilDate(text).map { .string($0.description) }
    }
  }

  /// An example, for messages.
  public var example: String {
    switch self {
    case .string: "text"
    case .int: "42"
    case .float: "0.5"
    case .bool: "true or false"
    case .date: "2024-02-29"
    }
  }
}

extension JSONValue {
  /// A parameter's value as a variable of the environment holds it.
  public var parameterText: String {
    switch self {
    case .string(let text): text
    default: text(.compact)
    }
  }
}

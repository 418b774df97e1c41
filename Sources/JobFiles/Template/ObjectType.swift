import Starlark
import SystemSupport

/// A type of Aurora's configuration objects: its fields and what they hold.
struct ObjectType: Sendable {
  indirect enum Kind: Sendable {
    /// A text; numbers are taken as their text.
    case string
    case integer
    case number
    /// Bytes: a number, or a text such as "256MB".
    case size
    case boolean
    /// An object of one of these types.
    case object([String])
    case list(Kind)
    /// A dictionary with texts as keys.
    case map
    /// Known from Aurora, but without a meaning here; the text says what to do.
    case unsupported(String)
  }

  let name: String
  let fields: [(name: String, kind: Kind)]
  /// A profile: any field, of any kind.
  var isOpen = false

  func kind(of field: String) -> Kind? { fields.first { $0.name == field }?.kind }
}

extension ObjectType.Kind {
  /// Whether a value may stand in a field of this kind. A text with a variable may stand for any scalar.
  func accepts(_ value: Value) -> Bool {
    switch self {
    case .string:
      switch value {
      case .string, .int, .float, .bool: return true
      default: return false
      }
    case .integer:
      if let text = value.asString { return text.contains("{{") || Int(text) != nil }
      return value.asInt != nil
    case .number:
      if let text = value.asString { return text.contains("{{") || Double(text) != nil }
      return value.asDouble != nil
    case .size:
      if let text = value.asString { return text.contains("{{") || ByteSize.parse(text) != nil }
      return (value.asInt ?? -1) >= 0
    case .boolean:
      if let text = value.asString { return text.contains("{{") || text == "true" || text == "false" }
      return value.asBool != nil
    case .object(let names):
      guard let object: TemplateObject = value.asHost() else { return false }
      return names.contains(object.type.name)
    case .list(let kind): return value.asElements?.allSatisfy(kind.accepts) ?? false
    case .map: return value.asItems?.allSatisfy { $0.key.asString != nil } ?? false
    case .unsupported: return true
    }
  }

  var description: String {
    switch self {
    case .string: "a string"
    case .integer: "a whole number"
    case .number: "a number"
    case .size: "a size such as 256 * MB or \"256MB\""
    case .boolean: "True or False"
    case .object(let names): names.joined(separator: " or ")
    case .list(let kind): "a list of \(kind.description)"
    case .map: "a dictionary"
    case .unsupported: "nothing"
    }
  }
}

import Starlark
import SystemSupport

extension ObjectKind {
  /// The value in the form of a field of this kind; nil if the kind does not accept it. A text with a variable can
  /// represent any scalar, and a dictionary an object.
  func coerced(_ written: Value, at location: StarlarkLocation?) -> Value? {
    let value = (written.asHost() as TypedValue?)?.value ?? written
    switch self {
    case .any: return value
    case .string:
      switch value {
      case .string, .int, .float, .bool: return value
      default: return nil
      }
    case .integer, .number, .seconds, .size, .boolean, .choice: return takesScalar(value) ? value : nil
    case .object(let type):
      if let object: TemplateObject = value.asHost() { return object.type === type ? value : nil }
      guard let items = value.asItems else { return nil }
      return Self.object(type, items, at: location)
    case .list(let kind):
      guard let elements = value.asElements else { return nil }
      var coerced: [Value] = []
      for element in elements {
        guard let one = kind.coerced(element, at: location) else { return nil }
        coerced.append(one)
      }
      return .list(coerced)
    case .map(let keys, let values):
      guard let items = value.asItems else { return nil }
      var coerced: [(String, Value)] = []
      for item in items {
        guard let key = keys.coerced(item.key, at: location), let held = values.coerced(item.value, at: location)
        else { return nil }
        coerced.append((key.asString ?? PythonText.of(key) ?? "", held))
      }
      return .dict(StarlarkDict(coerced))
    case .anyOf(let kinds):
      for kind in kinds { if let coerced = kind.coerced(value, at: location) { return coerced } }
      return nil
    }
  }

  private func takesScalar(_ value: Value) -> Bool {
    if let text = value.asString {
      return text.contains("{{") || takes(text)
    }
    switch self {
    case .integer:
      if case .float(let number) = value { return number == number.rounded() && abs(number) < 1e15 }
      return value.asInt != nil
    case .number, .seconds: return value.asDouble != nil
    case .size: return (value.asInt ?? -1) >= 0
    case .boolean: return value.asBool != nil || value.asInt == 0 || value.asInt == 1
    default: return false
    }
  }

  private func takes(_ text: String) -> Bool {
    switch self {
    case .integer: Int(text) != nil
    case .number, .seconds: Double(text) != nil
    case .size: ByteSize.parse(text) != nil
    case .boolean: PythonText.boolean(text) != nil
    case .choice(_, let values): values.contains(text)
    default: true
    }
  }

  private static func object(
    _ type: ObjectType, _ items: [(key: Value, value: Value)], at location: StarlarkLocation?
  ) -> Value? {
    var fields: [(name: String, value: Value)] = []
    for item in items {
      guard let name = item.key.asString, let kind = type.isOpen ? .any : type.kind(of: name),
        let value = kind.coerced(item.value, at: location)
      else { return nil }
      fields.append((name, value))
    }
    return .host(TemplateObject(type: type, fields: fields, location: location))
  }

  var description: String {
    switch self {
    case .string: "a string"
    case .integer: "a whole number"
    case .number: "a number"
    case .seconds: "a number of seconds"
    case .size: "a size such as 256 * MB or \"256MB\""
    case .boolean: "True or False"
    case .choice(_, let values): "one of " + values.map { "\"\($0)\"" }.joined(separator: ", ")
    case .object(let type): type.name
    case .list(let kind): "a list of \(kind.description)"
    case .map: "a dictionary"
    case .anyOf(let kinds): kinds.map(\.description).joined(separator: " or ")
    case .any: "any value"
    }
  }

  /// The name of the type, as Pystachio has it.
  var typeName: String {
    switch self {
    case .string: "String"
    case .integer, .seconds, .size: "Integer"
    case .number: "Float"
    case .boolean: "Boolean"
    case .choice(let name, _): name
    case .object(let type): type.name
    case .list(let kind): kind.typeName + "List"
    case .map(let keys, let values): keys.typeName + values.typeName + "Map"
    case .anyOf: "Choice"
    case .any: "Any"
    }
  }
}

/// Values in Python's spelling, which Pystachio puts into texts.
enum PythonText {
  /// The text of a scalar; nil for anything else.
  static func of(_ value: Value) -> String? {
    switch value {
    case .string(let text): text.text
    case .bool(let flag): flag ? "True" : "False"
    case .int(let number): String(number)
    case .bigInt(let number): "\(number)"
    case .float(let number): float(number)
    default: nil
    }
  }

  /// The text of a scalar in a field of this kind: a Float of 2 is `2.0`, an Integer of 2.0 is `2`.
  static func of(_ value: Value, as kind: ObjectKind?) -> String? {
    switch kind {
    case .integer, .size:
      if case .float(let number) = value, abs(number) < 1e15 { return String(Int(number)) }
      if let flag = value.asBool { return flag ? "1" : "0" }
      if let number = value.asString.flatMap({ Int($0) }) { return String(number) }
    case .seconds:
      if case .float(let number) = value, number == number.rounded(), abs(number) < 1e15 { return String(Int(number)) }
    case .number:
      if let number = value.asDouble ?? value.asString.flatMap({ Double($0) }) { return float(number) }
      if let flag = value.asBool { return flag ? "1.0" : "0.0" }
    case .boolean:
      if let flag = value.asString.flatMap(boolean) ?? value.asInt.map({ $0 != 0 }) { return flag ? "True" : "False" }
    default: break
    }
    return of(value)
  }

  /// Pystachio's Booleans, in any case.
  static func boolean(_ text: String) -> Bool? {
    ["true": true, "1": true, "false": false, "0": false][text.lowercased()]
  }

  /// `repr` of a float: the shortest digits that read back, an exponent from 1e16 on and below 1e-4.
  static func float(_ number: Double) -> String {
    if number == number.rounded(), abs(number) < 1e16 { return "\(Int(number)).0" }
    let text = number.description
    guard let mark = text.firstIndex(of: "e") else { return text }
    // Python writes two digits of the exponent at least, and no ".0" before it.
    var digits = text[..<mark]
    if digits.hasSuffix(".0") { digits = digits.dropLast(2) }
    let exponent = Int(text[text.index(after: mark)...]) ?? 0
    let power = exponent.magnitude < 10 ? "0\(exponent.magnitude)" : "\(exponent.magnitude)"
    return "\(digits)e\(exponent < 0 ? "-" : "+")\(power)"
  }
}

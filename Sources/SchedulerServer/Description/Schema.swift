internal import JSON
internal import JobModel

/// Builds JSON Schemas (draft 2020-12) for the description of the API.
enum Schema {
  static let string: JSONValue = ["type": "string"]
  static let bool: JSONValue = ["type": "boolean"]
  static let number: JSONValue = ["type": "number"]
  static let integer: JSONValue = ["type": "integer"]
  static let count: JSONValue = ["type": "integer", "minimum": 0]
  /// A moment in milliseconds since 1970, UTC.
  static let time: JSONValue = ["type": "integer", "description": "milliseconds since 1970-01-01T00:00:00Z"]
  /// A moment as text.
  static let date: JSONValue = ["type": "string", "format": "date-time"]
  static let seconds: JSONValue = ["type": "number", "description": "seconds"]
  static let key: JSONValue = [
    "type": "string", "description": "cluster/role/stage/name", "pattern": "^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+){3}$",
  ]
  static let identifier: JSONValue = ["type": "string", "pattern": "^[A-Za-z0-9_.-]{1,255}$"]

  /// An object. A member whose name ends in `?` can be absent; a closed object has no other members.
  static func object(
    _ members: KeyValuePairs<String, JSONValue>, isClosed: Bool = false, _ description: String? = nil
  ) -> JSONValue {
    var properties = JSONObject()
    var required: [String] = []
    for (name, schema) in members {
      if name.hasSuffix("?") {
        properties[String(name.dropLast())] = schema
      } else {
        properties[name] = schema
        required.append(name)
      }
    }
    var object = JSONObject([("type", "object"), ("properties", .object(properties))])
    if !required.isEmpty { object["required"] = .strings(required) }
    if isClosed { object["additionalProperties"] = false }
    if let description { object["description"] = .string(description) }
    return .object(object)
  }

  static func array(_ element: JSONValue, atLeast least: Int = 0) -> JSONValue {
    least == 0
      ? ["type": "array", "items": element] : ["type": "array", "items": element, "minItems": .integer(least)]
  }

  /// An object whose members all have one schema.
  static func map(_ value: JSONValue, _ description: String? = nil) -> JSONValue {
    var object = JSONObject([("type", "object"), ("additionalProperties", value)])
    if let description { object["description"] = .string(description) }
    return .object(object)
  }

  static func values<Value: RawRepresentable<String> & CaseIterable>(_: Value.Type) -> JSONValue {
    values(Value.allCases.map(\.rawValue))
  }

  static func values(_ values: [String]) -> JSONValue { ["type": "string", "enum": .strings(values)] }

  static func oneOf(_ schemas: [JSONValue]) -> JSONValue { ["oneOf": .array(schemas)] }

  static func anyOf(_ schemas: [JSONValue]) -> JSONValue { ["anyOf": .array(schemas)] }

  /// A schema that the description names.
  static func named(_ name: String) -> JSONValue { ["$ref": .string("#/components/schemas/\(name)")] }

  static func list(of name: String) -> JSONValue { array(named(name)) }
}

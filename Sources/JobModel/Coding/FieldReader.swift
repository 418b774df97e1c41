package import JSON

/// Reads the fields of a JSON object; knows the way to each for errors.
package struct FieldReader {
  package let object: JSONObject

  package init(_ json: JSONValue) throws(ModelError) {
    guard let object = json.object else { throw ModelError(path: "", problem: .wrongType(expected: "an object")) }
    self.object = object
  }

  private func value(_ name: String) -> JSONValue? {
    guard let value = object[name], !value.isNull else { return nil }
    return value
  }

  private func wrongType(_ name: String, _ expected: String) -> ModelError {
    ModelError(path: name, problem: .wrongType(expected: expected))
  }

  private func present<Value>(_ name: String, _ value: Value?) throws(ModelError) -> Value {
    guard let value else { throw ModelError(path: name, problem: .missing) }
    return value
  }

  // Each field kind once as an optional; `required` wraps it.

  package func optionalString(_ name: String) throws(ModelError) -> String? {
    guard let value = value(name) else { return nil }
    guard let string = value.string else { throw wrongType(name, "a string") }
    return string
  }

  package func string(_ name: String) throws(ModelError) -> String { try present(name, optionalString(name)) }

  package func optionalBool(_ name: String) throws(ModelError) -> Bool? {
    guard let value = value(name) else { return nil }
    guard let bool = value.bool else { throw wrongType(name, "true or false") }
    return bool
  }

  package func bool(_ name: String) throws(ModelError) -> Bool { try present(name, optionalBool(name)) }

  package func optionalInteger<Number: FixedWidthInteger>(
    _ name: String, _: Number.Type = Number.self
  ) throws(ModelError) -> Number? {
    guard let value = value(name) else { return nil }
    guard let number = value.int.flatMap(Number.init(exactly:)) else { throw wrongType(name, "an integer in range") }
    return number
  }

  package func integer<Number: FixedWidthInteger>(_ name: String, _: Number.Type = Number.self) throws(ModelError)
    -> Number
  {
    try present(name, optionalInteger(name))
  }

  package func optionalDouble(_ name: String) throws(ModelError) -> Double? {
    guard let value = value(name) else { return nil }
    guard let double = value.double, double.isFinite else { throw wrongType(name, "a number") }
    return double
  }

  /// A duration, in seconds.
  package func optionalDuration(_ name: String) throws(ModelError) -> Duration? {
    guard let seconds = try optionalDouble(name) else { return nil }
    guard seconds.magnitude < 1e12 else { throw wrongType(name, "a number of seconds in range") }
    return .milliseconds(Int64((seconds * 1000).rounded()))
  }

  package func optionalTimestamp(_ name: String) throws(ModelError) -> Timestamp? {
    guard let milliseconds = try optionalInteger(name, Int64.self) else { return nil }
    return Timestamp(milliseconds: milliseconds)
  }

  package func timestamp(_ name: String) throws(ModelError) -> Timestamp { try present(name, optionalTimestamp(name)) }

  package func optionalEnumeration<Value: RawRepresentable & CaseIterable>(
    _ name: String, _: Value.Type = Value.self
  ) throws(ModelError) -> Value? where Value.RawValue == String {
    guard let raw = try optionalString(name) else { return nil }
    guard let value = Value(rawValue: raw) else {
      throw ModelError(path: name, problem: .badValue(raw, allowed: Value.allCases.map(\.rawValue)))
    }
    return value
  }

  package func enumeration<Value: RawRepresentable & CaseIterable>(
    _ name: String, _: Value.Type = Value.self
  ) throws(ModelError) -> Value where Value.RawValue == String {
    try present(name, optionalEnumeration(name))
  }

  package func optionalObject<Value: JSONCodable>(_ name: String, _: Value.Type = Value.self) throws(ModelError)
    -> Value?
  {
    guard let value = value(name) else { return nil }
    do { return try Value(json: value) } catch { throw error.under(name) }
  }

  package func object<Value: JSONCodable>(_ name: String, _: Value.Type = Value.self) throws(ModelError) -> Value {
    try present(name, optionalObject(name))
  }

  /// An array; absent means empty.
  package func list<Value: JSONCodable>(_ name: String, _: Value.Type = Value.self) throws(ModelError) -> [Value] {
    guard let value = value(name) else { return [] }
    guard let array = value.array else { throw wrongType(name, "an array") }
    var result: [Value] = []
    result.reserveCapacity(array.count)
    for (index, element) in array.enumerated() {
      do { result.append(try Value(json: element)) } catch { throw error.under("\(name)[\(index)]") }
    }
    return result
  }

  package func strings(_ name: String) throws(ModelError) -> [String] {
    guard let value = value(name) else { return [] }
    guard let strings = value.strings else { throw wrongType(name, "an array of strings") }
    return strings
  }

  /// An array of integers; absent means empty.
  package func integers(_ name: String) throws(ModelError) -> [Int] {
    guard let value = value(name) else { return [] }
    let numbers = value.array?.compactMap { $0.int.flatMap(Int.init(exactly:)) }
    guard let numbers, numbers.count == value.array?.count else { throw wrongType(name, "an array of integers") }
    return numbers
  }

  /// An object whose members are strings; absent means empty.
  package func stringDictionary(_ name: String) throws(ModelError) -> [String: String] {
    try dictionary(name, expected: "a string") { name, value in value.string.map { (name, $0) } }
  }

  /// Placement constraints in Aurora's spelling, by attribute, in the order of the names; absent means none.
  package func constraints(_ name: String) throws(ModelError) -> [PlacementConstraint] {
    let rules = try dictionary(name, expected: "a placement constraint such as \"limit:1\"") { attribute, value in
      value.string.flatMap { PlacementConstraint(attribute: attribute, parsing: $0) }.map { (attribute, $0) }
    }
    return rules.sorted { $0.key < $1.key }.map(\.value)
  }

  /// An object as a dictionary; absent means empty. The closure converts a member, or returns nil for a wrong type.
  package func dictionary<Key, Value>(
    _ name: String, expected: String, _ member: (String, JSONValue) -> (Key, Value)?
  ) throws(ModelError) -> [Key: Value] {
    guard let value = value(name) else { return [:] }
    guard let object = value.object else { throw wrongType(name, "an object") }
    var result: [Key: Value] = [:]
    for (memberName, value) in object {
      guard let (key, value) = member(memberName, value) else { throw wrongType("\(name).\(memberName)", expected) }
      result[key] = value
    }
    return result
  }

  package func jobKey(_ name: String) throws(ModelError) -> JobKey {
    let text = try string(name)
    do { return try JobKey(parsing: text) } catch { throw ModelError(path: name, problem: .badKey(error)) }
  }
}

extension ModelError {
  /// The same problem, one level further down.
  package func under(_ prefix: String) -> ModelError {
    let separator = path.isEmpty || path.hasPrefix("[") ? "" : "."
    return ModelError(path: prefix + separator + path, problem: problem)
  }
}

extension JSONValue {
  /// An object of these members, without those that are nil.
  package static func fields(_ members: KeyValuePairs<String, JSONValue?>) -> JSONValue {
    var object = JSONObject()
    for (name, value) in members {
      if let value { object[name] = value }
    }
    return .object(object)
  }

  package static func integer(_ value: some FixedWidthInteger) -> JSONValue { .int(Int64(clamping: value)) }

  package static func integer(_ value: (some FixedWidthInteger)?) -> JSONValue? { value.map { .integer($0) } }

  package static func text(_ value: String?) -> JSONValue? { value.map { .string($0) } }

  package static func flag(_ value: Bool?) -> JSONValue? { value.map { .bool($0) } }

  package static func raw(_ value: some RawRepresentable<String>) -> JSONValue { .string(value.rawValue) }

  /// Seconds: an integer when they are whole.
  package static func seconds(_ duration: Duration) -> JSONValue {
    let milliseconds = duration.milliseconds
    return milliseconds % 1000 == 0 ? .int(milliseconds / 1000) : .double(Double(milliseconds) / 1000)
  }

  package static func time(_ time: Timestamp) -> JSONValue { .int(time.milliseconds) }

  package static func list(_ values: [some JSONCodable]) -> JSONValue { .array(values.map(\.json)) }

  /// An array of values; nil for none, so that the member is left out.
  package static func listUnlessEmpty(_ values: [some JSONCodable]) -> JSONValue? {
    values.isEmpty ? nil : .list(values)
  }

  /// An object of strings sorted by name; nil for none, so that the member is left out.
  package static func dictionaryUnlessEmpty(_ values: [String: String]) -> JSONValue? {
    values.isEmpty ? nil : .dictionary(values) { .string($0) }
  }

  /// An object whose members are sorted by name.
  package static func dictionary<Value>(_ values: [String: Value], _ json: (Value) -> JSONValue) -> JSONValue {
    .object(JSONObject(values.sorted { $0.key < $1.key }.map { ($0.key, json($0.value)) }))
  }
}

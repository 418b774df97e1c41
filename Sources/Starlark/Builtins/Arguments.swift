import StarlarkSyntax

extension Call {
  /// The argument as an iterable's elements.
  func elements(_ value: Value?, _ parameter: String) throws -> [Value] {
    let value = value ?? .none
    guard let elements = try Starlark.elements(of: value, thread.meter) else {
      throw mismatch(parameter, value, want: "iterable")
    }
    return elements
  }

  /// The argument as an integer of at most 64 bits; the nearest one for greater ones.
  func int(_ value: Value?, _ parameter: String) throws -> Int {
    switch value ?? .none {
    case .int(let int): return int
    case .bigInt(let big): return big.isNegative ? Int.min / 2 : Int.max / 2
    case let other: throw mismatch(parameter, other, want: "int")
    }
  }

  /// The argument as an integer; nil when absent or None.
  func optionalInt(_ value: Value?, _ parameter: String) throws -> Int? {
    if let value, !value.isNone { return try int(value, parameter) }
    return nil
  }

  /// The argument as the bytes of a string.
  func string(_ value: Value?, _ parameter: String) throws -> [UInt8] {
    guard case .string(let string) = value ?? .none else { throw mismatch(parameter, value ?? .none, want: "string") }
    return string.utf8
  }

  func bool(_ value: Value?, _ parameter: String) throws -> Bool? {
    guard let value else { return nil }
    guard case .bool(let bool) = value else { throw mismatch(parameter, value, want: "bool") }
    return bool
  }

  /// Charges the memory budget, and returns a list.
  func list(_ elements: [Value]) throws -> Value {
    try thread.meter.allocate(64 + 16 * elements.count)
    return .list(elements)
  }

  /// Charges the memory budget, and returns a string.
  func string(_ utf8: [UInt8]) throws -> Value {
    try thread.meter.allocate(32 + utf8.count)
    return .string(StarlarkString(utf8: utf8))
  }

  var stringReceiver: [UInt8] {
    if case .string(let string)? = receiver { return string.utf8 }
    return []
  }

  func failure(_ message: String) -> StarlarkError { StarlarkError("\(name): \(message)") }
}

/// Builds a table of functions or methods by name.
func builtinTable(_ entries: [(String, @Sendable (Call) throws -> Value)]) -> [String: StarlarkBuiltin] {
  Dictionary(
    entries.map { ($0.0, StarlarkBuiltin(name: $0.0, body: $0.1)) }, uniquingKeysWith: { first, _ in first })
}

import StarlarkSyntax

extension Universe {
  static let conversions: [(String, @Sendable (Call) throws -> Value)] = [
    ("bool", bool), ("bytes", bytes), ("dict", dict), ("float", float), ("int", int), ("list", list), ("set", set),
    ("str", str), ("tuple", tuple),
  ]

  @Sendable private static func bool(_ call: Call) throws -> Value {
    .bool(try call.bind(["x"])[0]?.isTruthy ?? false)
  }

  @Sendable private static func bytes(_ call: Call) throws -> Value {
    let value = try call.bind(["x"], required: 1)[0] ?? .none
    switch value {
    case .bytes: return value
    case .string(let string):
      try call.thread.meter.allocate(string.utf8.count * 3)
      return .bytes(StarlarkBytes(Array(string.text.utf8)))
    default: break
    }
    guard let elements = try elements(of: value, call.thread.meter) else {
      throw call.mismatch("x", value, want: "string, bytes, or iterable of ints")
    }
    var result: [UInt8] = []
    for (position, element) in elements.enumerated() {
      guard case .int(let int) = element else {
        throw call.failure("at index \(position), got \(element.typeName), want int")
      }
      guard let byte = UInt8(exactly: int) else {
        throw call.failure("at index \(position), \(int) out of range (want value in unsigned 8-bit range)")
      }
      result.append(byte)
    }
    return .bytes(StarlarkBytes(result))
  }

  @Sendable private static func dict(_ call: Call) throws -> Value {
    if call.positional.count > 1 { throw call.failure("got \(call.positional.count) arguments, want at most 1") }
    let result = StarlarkDict()
    try call.thread.meter.allocate(96)
    try DictMethods.update(result, call.positional.first, call.named, call)
    return .dict(result)
  }

  @Sendable private static func float(_ call: Call) throws -> Value {
    guard let value = try call.bind(["x"])[0] else { return .float(0) }
    switch value {
    case .float: return value
    case .int, .bigInt: return .float(try Operators.float(value))
    case .bool(let bool): return .float(bool ? 1 : 0)
    case .string(let string):
      guard let number = parseFloat(string.text) else {
        throw call.failure("invalid float literal: \(string.text)")
      }
      return .float(number)
    default: throw call.mismatch("x", value, want: "number or string")
    }
  }

  private static func parseFloat(_ text: String) -> Double? {
    var digits = Substring(text.lowercased())
    let isNegative = digits.first == "-"
    if digits.first == "-" || digits.first == "+" { digits.removeFirst() }
    if digits == "inf" || digits == "infinity" { return isNegative ? -.infinity : .infinity }
    if digits == "nan" { return .nan }
    guard let first = digits.utf8.first, isDigit(first) || first == 0x2E else { return nil }
    // The library does not take a point without a digit on each side, nor Starlark hexadecimal floats.
    for byte in digits.utf8 where !isDigit(byte) && !".e+-".utf8.contains(byte) { return nil }
    var parts = digits.split(separator: "e", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    if parts[0].hasPrefix(".") { parts[0] = "0" + parts[0] }
    if parts[0].hasSuffix(".") { parts[0] += "0" }
    if parts[0] == "0.0", digits == "." { return nil }
    guard let value = Double(parts.joined(separator: "e")), value.isFinite else { return nil }
    return isNegative ? -value : value
  }

  @Sendable private static func int(_ call: Call) throws -> Value {
    let bound = try call.bind(["x", "base"], required: 1)
    let value = bound[0] ?? .none
    if case .string(let string) = value {
      var base = 10
      if let given = bound[1] {
        base = try call.int(given, "base")
        guard base == 0 || (2...36).contains(base) else {
          throw call.failure("base must be an integer >= 2 && <= 36")
        }
      }
      try call.thread.meter.step(string.utf8.count * string.utf8.count / 512)
      guard let result = BigInteger.parse(string.utf8, base: base) else {
        let text = String(decoding: Quoting.quoted(string.utf8, isBytes: false), as: UTF8.self)
        throw call.failure("invalid literal with base \(base): \(text)")
      }
      return result
    }
    if bound[1] != nil { throw call.failure("can't convert non-string with explicit base") }
    switch value {
    case .int, .bigInt: return value
    case .bool(let bool): return .int(bool ? 1 : 0)
    case .float(let float):
      guard let result = BigInteger.value(truncating: float) else {
        throw call.failure("cannot convert float \(FloatFormat.compact(float)) to integer")
      }
      return result
    case .none: throw call.failure("cannot convert None to int")
    default: throw call.mismatch("x", value, want: "string, int, float or bool")
    }
  }

  @Sendable private static func list(_ call: Call) throws -> Value {
    guard let value = try call.bind(["iterable"])[0] else { return try call.list([]) }
    return try call.list(try call.elements(value, "iterable"))
  }

  @Sendable private static func tuple(_ call: Call) throws -> Value {
    guard let value = try call.bind(["iterable"])[0] else { return .tuple([]) }
    if case .tuple = value { return value }
    let elements = try call.elements(value, "iterable")
    try call.thread.meter.allocate(elements.count, times: 16)
    return .tuple(elements)
  }

  @Sendable private static func set(_ call: Call) throws -> Value {
    guard let value = try call.bind(["iterable"])[0] else { return .set(StarlarkSet()) }
    return .set(try SetOperations.make(try call.elements(value, "iterable"), call.thread.meter))
  }

  @Sendable private static func str(_ call: Call) throws -> Value {
    let value = try call.bind(["x"], required: 1)[0] ?? .none
    if case .string = value { return value }
    return .string(StarlarkString(utf8: try Printer.bytes(value, call.thread.meter)))
  }
}

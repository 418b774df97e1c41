internal import Starlark

/// Functions that Python has and Starlark does not, for BUILD files and macros that were written for Pants.
enum PythonFunctions {
  static let all: [(name: String, body: @Sendable (Call) throws -> Value)] = [
    ("isinstance", isInstance), ("map", map), ("filter", filter), ("sum", sum), ("next", next), ("round", round),
    ("callable", callable), ("divmod", divmod),
  ]

  private static func elements(_ value: Value?, _ parameter: String, _ call: Call) throws -> [Value] {
    guard let elements = (value ?? .none).iterated else {
      throw call.mismatch(parameter, value ?? .none, want: "iterable")
    }
    try call.thread.allocate(64 + 16 * elements.count)
    return elements
  }

  /// `isinstance(value, type)`, where the type is one of the language's own, or a tuple of them.
  @Sendable private static func isInstance(_ call: Call) throws -> Value {
    let bound = try call.bind(["object", "classinfo"], required: 2)
    let value = bound[0] ?? .none
    let types = bound[1]?.asElements ?? [bound[1] ?? .none]
    var isOne = false
    for type in types {
      guard case .builtin(let builtin) = type, let names = typeNames[builtin.name] else {
        throw StarlarkError(
          "isinstance: \(try call.thread.representation(of: type)) is not a type",
          hint: "the types are " + typeNames.keys.sorted().joined(separator: ", "))
      }
      if names.contains(value.typeName) { isOne = true }
    }
    return .bool(isOne)
  }

  /// The types of values that are instances of a type, by the name of its function.
  private static let typeNames: [String: Set<String>] = [
    "str": ["string"], "int": ["int", "bool"], "float": ["float"], "bool": ["bool"], "list": ["list"], "dict": ["dict"],
    "tuple": ["tuple"], "set": ["set"], "bytes": ["bytes"], "range": ["range"],
  ]

  @Sendable private static func map(_ call: Call) throws -> Value {
    try call.rejectNamed()
    guard call.positional.count >= 2, let function = call.positional.first else {
      throw StarlarkError("map: want a function and at least one iterable")
    }
    let columns = try call.positional.dropFirst().map { try elements($0, "iterable", call) }
    let count = columns.map(\.count).min() ?? 0
    return .list(try (0..<count).map { row in try call.thread.call(function, columns.map { $0[row] }) })
  }

  @Sendable private static func filter(_ call: Call) throws -> Value {
    let bound = try call.bind(["function", "iterable"], required: 2)
    let function = bound[0] ?? .none
    return .list(
      try elements(bound[1], "iterable", call).filter { element in
        function.isNone ? element.isTruthy : try call.thread.call(function, [element]).isTruthy
      })
  }

  @Sendable private static func sum(_ call: Call) throws -> Value {
    let bound = try call.bind(["iterable", "start"], required: 1)
    var total = bound[1] ?? .int(0)
    for element in try elements(bound[0], "iterable", call) {
      switch (total, element) {
      case (.list(let left), .list(let right)):
        try call.thread.allocate(64 + 16 * (left.count + right.count))
        total = .list(left.elements + right.elements)
      case (.tuple, .tuple):
        total = .tuple((total.asElements ?? []) + (element.asElements ?? []))
      default: total = try add(total, element, call)
      }
    }
    return total
  }

  private static func add(_ left: Value, _ right: Value, _ call: Call) throws -> Value {
    func whole(_ value: Value) -> Int? { value.asInt ?? value.asBool.map { $0 ? 1 : 0 } }
    if let left = whole(left), let right = whole(right) {
      let (sum, isTooLarge) = left.addingReportingOverflow(right)
      if isTooLarge { throw StarlarkError("sum: the result is beyond 64 bits") }
      return .int(sum)
    }
    guard let first = left.asDouble ?? whole(left).map(Double.init),
      let second = right.asDouble ?? whole(right).map(Double.init)
    else { throw StarlarkError("sum: cannot add \(right.typeName) to \(left.typeName)") }
    return .float(first + second)
  }

  /// The first element of an iterable, as `next(x for x in … if …)` asks for it: no value is an iterator that moves on.
  @Sendable private static func next(_ call: Call) throws -> Value {
    let bound = try call.bind(["iterator", "default"], required: 1)
    if let first = try elements(bound[0], "iterator", call).first { return first }
    guard let fallback = bound[1] else {
      throw StarlarkError("next: the iterable has no elements, and no default is given")
    }
    return fallback
  }

  /// To the nearest number with so many digits, halves to even.
  @Sendable private static func round(_ call: Call) throws -> Value {
    let bound = try call.bind(["number", "ndigits"], required: 1)
    let value = bound[0] ?? .none
    if let whole = value.asInt, bound[1]?.asInt ?? 0 >= 0 { return .int(whole) }
    guard case .float(let number) = value, number.isFinite else { throw call.mismatch("number", value, want: "number") }
    guard let digits = bound[1]?.asInt else {
      guard let whole = Int(exactly: number.rounded(.toNearestOrEven)) else {
        throw StarlarkError("round: the result is beyond 64 bits")
      }
      return .int(whole)
    }
    guard (0...15).contains(digits) else { throw StarlarkError("round: ndigits is from 0 to 15") }
    let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
    return .float((number * scale).rounded(.toNearestOrEven) / scale)
  }

  @Sendable private static func callable(_ call: Call) throws -> Value {
    switch try call.bind(["object"], required: 1)[0] ?? .none {
    case .function, .builtin: return .bool(true)
    case let other: return .bool(other.asHost(TargetTypeSymbol.self) != nil)
    }
  }

  /// The quotient, rounded down, and the remainder, which has the divisor's sign.
  @Sendable private static func divmod(_ call: Call) throws -> Value {
    let bound = try call.bind(["a", "b"], required: 2)
    guard let first = bound[0]?.asInt, let second = bound[1]?.asInt else {
      throw StarlarkError("divmod: want two ints of at most 64 bits")
    }
    guard second != 0 else { throw StarlarkError("divmod: division by zero") }
    let (quotient, isTooLarge) = first.dividedReportingOverflow(by: second)
    if isTooLarge { throw StarlarkError("divmod: the result is beyond 64 bits") }
    let remainder = first - quotient * second
    let isShifted = remainder != 0 && (remainder < 0) != (second < 0)
    return .tuple([.int(isShifted ? quotient - 1 : quotient), .int(isShifted ? remainder + second : remainder)])
  }
}

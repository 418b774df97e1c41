import StarlarkSyntax

/// Unary and binary operators.
enum Operators {
  static func unary(_ operation: BinaryOperator, _ value: Value) throws -> Value {
    switch (operation, value) {
    case (.minus, .int(let int)):
      return int == Int.min ? BigInteger(int).negated() : .int(-int)
    case (.minus, .bigInt(let big)): return big.negated()
    case (.minus, .float(let float)): return .float(-float)
    case (.plus, .int), (.plus, .bigInt), (.plus, .float): return value
    case (.bitXor, .int(let int)): return .int(~int)
    case (.bitXor, .bigInt(let big)): return BigInteger.add(BigInteger(-1), big, negatingRight: true)
    default:
      throw StarlarkError("unknown unary op: \(operation == .bitXor ? "~" : operation.description)\(value.typeName)")
    }
  }

  static func binary(
    _ operation: BinaryOperator, _ left: Value, _ right: Value, _ thread: StarlarkThread
  ) throws -> Value {
    if case .int(let a) = left, case .int(let b) = right, let result = try integers(operation, a, b) { return result }
    let meter = thread.meter
    switch operation {
    case .equal: return .bool(try areEqual(left, right, meter))
    case .notEqual: return .bool(try !areEqual(left, right, meter))
    case .isIn: return .bool(try contains(right, left, meter))
    case .isNotIn: return .bool(try !contains(right, left, meter))
    case .less, .lessOrEqual, .greater, .greaterOrEqual:
      if let result = try host(operation, left, right) { return result }
      let order = try order(left, right, operation.description, meter)
      switch operation {
      case .less: return .bool(order < 0)
      case .lessOrEqual: return .bool(order <= 0)
      case .greater: return .bool(order > 0)
      default: return .bool(order >= 0)
      }
    default: break
    }
    if isNumber(left), isNumber(right), let result = try numbers(operation, left, right, meter) { return result }
    if let result = try sequences(operation, left, right, meter) { return result }
    if let result = try sets(operation, left, right, meter) { return result }
    if case .string(let format) = left, operation == .modulo {
      return .string(StarlarkString(utf8: try Interpolation.apply(format.utf8, right, meter)))
    }
    if let result = try host(operation, left, right) { return result }
    throw StarlarkError("unknown binary op: \(left.typeName) \(operation) \(right.typeName)")
  }

  /// Augmented assignment: lists, dictionaries and sets change in place.
  static func inPlace(
    _ operation: BinaryOperator, _ left: Value, _ right: Value, _ thread: StarlarkThread
  ) throws -> Value {
    let meter = thread.meter
    switch (operation, left) {
    case (.plus, .list(let list)):
      guard !right.isOpaque, let more = try elements(of: right, meter) else { break }
      try list.checkMutable("extend", "list")
      try meter.allocate(more.count, times: 16)
      list.elements += more
      return left
    case (.bitOr, .dict(let dict)):
      guard case .dict(let other) = right else { break }
      try dict.checkMutable("insert into", "dict")
      for (key, value) in other.items { try dict.set(key, value, meter: meter) }
      return left
    case (.bitOr, .set(let set)), (.bitAnd, .set(let set)), (.minus, .set(let set)), (.bitXor, .set(let set)):
      guard case .set = right, case .set(let result) = try binary(operation, left, right, thread) else { break }
      try set.checkMutable("update", "set")
      set.table = result.table
      return left
    default: break
    }
    return try binary(operation, left, right, thread)
  }

  @inline(__always)
  private static func integers(_ operation: BinaryOperator, _ a: Int, _ b: Int) throws -> Value? {
    switch operation {
    case .plus:
      let (sum, overflow) = a.addingReportingOverflow(b)
      return overflow ? nil : .int(sum)
    case .minus:
      let (difference, overflow) = a.subtractingReportingOverflow(b)
      return overflow ? nil : .int(difference)
    case .multiply:
      let (product, overflow) = a.multipliedReportingOverflow(by: b)
      return overflow ? nil : .int(product)
    case .floorDivide:
      guard b != 0, !(a == Int.min && b == -1) else { return nil }
      let quotient = a / b
      return .int(a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient)
    case .modulo:
      guard b != 0, b != -1 else { return b == -1 ? .int(0) : nil }
      let remainder = a % b
      return .int(remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder)
    case .less: return .bool(a < b)
    case .lessOrEqual: return .bool(a <= b)
    case .greater: return .bool(a > b)
    case .greaterOrEqual: return .bool(a >= b)
    case .equal: return .bool(a == b)
    case .notEqual: return .bool(a != b)
    case .bitAnd: return .int(a & b)
    case .bitOr: return .int(a | b)
    case .bitXor: return .int(a ^ b)
    case .shiftRight: return b < 0 ? nil : .int(a >> min(b, 63))
    default: return nil
    }
  }

  private static func isNumber(_ value: Value) -> Bool {
    switch value {
    case .int, .bigInt, .float: true
    default: false
    }
  }

  private static func numbers(
    _ operation: BinaryOperator, _ left: Value, _ right: Value, _ meter: Meter
  ) throws -> Value? {
    var useFloats = operation == .divide
    if case .float = left { useFloats = true }
    if case .float = right { useFloats = true }
    if useFloats { return try floats(operation, left, right) }
    guard let a = bigInteger(left), let b = bigInteger(right) else { return nil }
    // Long numbers are paid for by their digits, so that squaring in a loop ends.
    let (m, n) = (a.magnitude.count, b.magnitude.count)
    try meter.allocate(4 * (m + n) + 48)
    switch operation {
    case .plus: return BigInteger.add(a, b)
    case .minus: return BigInteger.add(a, b, negatingRight: true)
    case .multiply:
      try meter.step(m * n / 16)
      return BigInteger.multiply(a, b)
    case .floorDivide, .modulo:
      guard n > 0 else {
        throw StarlarkError(operation == .modulo ? "integer modulo by zero" : "floored division by zero")
      }
      try meter.step(m * n / 16)
      let (quotient, remainder) = BigInteger.divide(a, b)
      return operation == .modulo ? remainder : quotient
    case .bitAnd: return BigInteger.bitwise(a, b, &)
    case .bitOr: return BigInteger.bitwise(a, b, |)
    case .bitXor: return BigInteger.bitwise(a, b, ^)
    case .shiftLeft, .shiftRight:
      guard !b.isNegative else { throw StarlarkError("negative shift count: \(b.text())") }
      guard case .int(let count) = right else {
        if operation == .shiftRight { return .int(a.isNegative ? -1 : 0) }
        throw StarlarkError("shift count too large: \(b.text())")
      }
      if operation == .shiftRight { return a.shiftedRight(by: count) }
      guard count < 1 << 20 else { throw StarlarkError("shift count too large: \(count)") }
      try meter.allocate(count / 8)
      return a.shiftedLeft(by: count)
    default: return nil
    }
  }

  private static func floats(_ operation: BinaryOperator, _ left: Value, _ right: Value) throws -> Value? {
    let (a, b) = (try float(left), try float(right))
    switch operation {
    case .plus: return .float(a + b)
    case .minus: return .float(a - b)
    case .multiply: return .float(a * b)
    case .divide:
      if b == 0 { throw StarlarkError("floating-point division by zero") }
      return .float(a / b)
    case .floorDivide:
      if b == 0 { throw StarlarkError("floored division by zero") }
      return .float((a / b).rounded(.down))
    case .modulo:
      if b == 0 { throw StarlarkError("floating-point modulo by zero") }
      var remainder = a.truncatingRemainder(dividingBy: b)
      if remainder != 0, (remainder < 0) != (b < 0) { remainder += b }
      return .float(remainder)
    default: return nil
    }
  }

  /// A number as a finite float, if it was one or an integer.
  static func float(_ value: Value) throws -> Double {
    let result = value.asDouble ?? .nan
    if case .bigInt = value, result.isInfinite { throw StarlarkError("int too large to convert to float") }
    return result
  }

  private static func sequences(
    _ operation: BinaryOperator, _ left: Value, _ right: Value, _ meter: Meter
  ) throws -> Value? {
    if operation == .plus {
      switch (left, right) {
      case (.string(let a), .string(let b)):
        try meter.allocate(a.utf8.count + b.utf8.count + 32)
        return .string(StarlarkString(utf8: a.utf8 + b.utf8))
      case (.list(let a), .list(let b)):
        try meter.allocate(a.count + b.count + 4, times: 16)
        return .list(a.elements + b.elements)
      case (.tuple(let a), .tuple(let b)):
        try meter.allocate(a.count + b.count + 2, times: 16)
        return .tuple(a.elements + b.elements)
      case (.bytes(let a), .bytes(let b)):
        try meter.allocate(a.bytes.count + b.bytes.count + 32)
        return .bytes(StarlarkBytes(a.bytes + b.bytes))
      default: return nil
      }
    }
    guard operation == .multiply else { return nil }
    let (sequence, factor) = isNumber(left) ? (right, left) : (left, right)
    switch sequence {
    case .string, .bytes, .list, .tuple: break
    default: return nil
    }
    let count: Int
    switch factor {
    case .int(let small): count = max(0, small)
    case .bigInt(let big):
      guard big.isNegative else { throw StarlarkError("repeat count \(big.text()) too large") }
      count = 0
    default: return nil
    }
    switch sequence {
    case .string(let string):
      return .string(StarlarkString(utf8: try repeated(string.utf8, count, 1, meter)))
    case .bytes(let bytes): return .bytes(StarlarkBytes(try repeated(bytes.bytes, count, 1, meter)))
    case .list(let list): return .list(try repeated(list.elements, count, 16, meter))
    case .tuple(let tuple): return .tuple(try repeated(tuple.elements, count, 16, meter))
    default: return nil
    }
  }

  private static func repeated<T>(_ elements: [T], _ count: Int, _ size: Int, _ meter: Meter) throws -> [T] {
    if count == 0 || elements.isEmpty { return [] }
    let (total, overflow) = elements.count.multipliedReportingOverflow(by: count)
    if overflow { throw StarlarkError("excessive repeat: \(elements.count) * \(count) elements", kind: .limit) }
    try meter.allocate(total, times: size)
    try meter.allocate(32)
    var result: [T] = []
    result.reserveCapacity(total)
    for _ in 0..<count { result += elements }
    return result
  }

  private static func sets(
    _ operation: BinaryOperator, _ left: Value, _ right: Value, _ meter: Meter
  ) throws -> Value? {
    if case .dict(let a) = left, case .dict(let b) = right, operation == .bitOr {
      let result = StarlarkDict()
      for dict in [a, b] {
        for (key, value) in dict.items { try result.set(key, value, meter: meter) }
      }
      return .dict(result)
    }
    guard case .set(let a) = left, case .set(let b) = right else { return nil }
    switch operation {
    case .bitOr: return .set(try SetOperations.union(a, b.elements, meter))
    case .bitAnd: return .set(try SetOperations.intersection(a, b, meter))
    case .minus: return .set(try SetOperations.difference(a, b, meter))
    case .bitXor: return .set(try SetOperations.symmetricDifference(a, b, meter))
    default: return nil
    }
  }

  private static func host(_ operation: BinaryOperator, _ left: Value, _ right: Value) throws -> Value? {
    if case .opaque(let reference) = left,
      let result = try reference.object.binary(operation, right, reversed: false)
    {
      return result
    }
    if case .opaque(let reference) = right {
      return try reference.object.binary(operation, left, reversed: true)
    }
    return nil
  }

  /// Whether `element in container`.
  static func contains(_ container: Value, _ element: Value, _ meter: Meter) throws -> Bool {
    switch container {
    case .list(let list): return try contains(list.elements, element, meter)
    case .tuple(let tuple): return try contains(tuple.elements, element, meter)
    case .dict(let dict): return try dict.value(for: element, meter: meter) != nil
    case .set(let set): return try set.contains(element, meter: meter)
    case .string(let string):
      guard case .string(let part) = element else {
        throw StarlarkError("'in <string>' requires string as left operand, not \(element.typeName)")
      }
      try meter.step(string.utf8.count >> 6)
      return ByteSearch.first(part.utf8, in: string.utf8, from: 0, to: string.utf8.count) != nil
    case .bytes(let bytes):
      try meter.step(bytes.bytes.count >> 6)
      switch element {
      case .bytes(let part): return ByteSearch.first(part.bytes, in: bytes.bytes, from: 0, to: bytes.bytes.count) != nil
      case .int(let value):
        guard let byte = UInt8(exactly: value) else { throw StarlarkError("int in bytes: \(value) out of range") }
        return bytes.bytes.contains(byte)
      default:
        throw StarlarkError("'in bytes' requires bytes or int as left operand, not \(element.typeName)")
      }
    case .range(let range):
      switch element {
      case .int(let value): return range.contains(value)
      case .bigInt: return false
      case .float(let value): return Int(exactly: value).map(range.contains) ?? false
      default: throw StarlarkError("'in <range>' requires integer as left operand, not \(element.typeName)")
      }
    case .opaque(let reference):
      if let answer = try reference.object.contains(element) { return answer }
      if let elements = reference.object.elements() { return try contains(elements, element, meter) }
    default: break
    }
    throw StarlarkError("unknown binary op: \(element.typeName) in \(container.typeName)")
  }

  private static func contains(_ elements: [Value], _ element: Value, _ meter: Meter) throws -> Bool {
    try meter.step(elements.count)
    for candidate in elements where try areEqual(candidate, element, meter) { return true }
    return false
  }
}

extension Value {
  var isOpaque: Bool {
    if case .opaque = self { return true }
    return false
  }
}

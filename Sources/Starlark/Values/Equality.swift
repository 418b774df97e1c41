import StarlarkSyntax

/// Whether two values are equal by the rules of the specification: numbers by value, sequences of one type by elements,
/// dictionaries by entries in any order, functions by identity. Values of different types are never equal.
func areEqual(_ left: Value, _ right: Value, _ meter: Meter) throws -> Bool {
  switch (left, right) {
  case (.none, .none), (.unbound, .unbound): return true
  case (.bool(let a), .bool(let b)): return a == b
  case (.int(let a), .int(let b)): return a == b
  case (.bigInt(let a), .bigInt(let b)): return BigInteger.isEqual(a, b)
  // NaN equals itself, so that floats have a total order.
  case (.float(let a), .float(let b)): return a == b || (a.isNaN && b.isNaN)
  case (.int, .float), (.bigInt, .float), (.float, .int), (.float, .bigInt):
    return try orderNumbers(left, right) == 0
  case (.string(let a), .string(let b)):
    try charge(a.utf8.count, meter)
    return a == b
  case (.bytes(let a), .bytes(let b)): return a == b
  case (.list(let a), .list(let b)): return try a === b || areEqual(a.elements, b.elements, meter)
  case (.tuple(let a), .tuple(let b)): return try a === b || areEqual(a.elements, b.elements, meter)
  case (.dict(let a), .dict(let b)): return try areEqual(a, b, meter)
  case (.set(let a), .set(let b)): return try areEqual(a, b, meter)
  case (.range(let a), .range(let b)):
    if a.count != b.count { return false }
    return a.count == 0 || (a.start == b.start && (a.count == 1 || a.step == b.step))
  case (.function(let a), .function(let b)): return a === b
  case (.builtin(let a), .builtin(let b)): return a === b
  case (.elements(let a), .elements(let b)): return a === b
  case (.opaque(let a), .opaque(let b)): return a.object === b.object || a.object.isEqual(to: b.object)
  default: return false
  }
}

/// Steps for an operation that reads all of a long string.
@inline(__always)
private func charge(_ count: Int, _ meter: Meter) throws {
  if count > 1024 { try meter.step(count >> 8) }
}

private func areEqual(_ left: [Value], _ right: [Value], _ meter: Meter) throws -> Bool {
  guard left.count == right.count else { return false }
  return try meter.descend {
    for position in left.indices {
      try meter.step()
      if try !areEqual(left[position], right[position], meter) { return false }
    }
    return true
  }
}

private func areEqual(_ left: StarlarkDict, _ right: StarlarkDict, _ meter: Meter) throws -> Bool {
  if left === right { return true }
  guard left.count == right.count else { return false }
  return try meter.descend {
    for entry in left.table.entries {
      if case .unbound = entry.key { continue }
      try meter.step()
      guard let position = try right.table.position(of: entry.key, hash: entry.hash, meter: meter) else { return false }
      if try !areEqual(entry.value, right.table.entries[position].value, meter) { return false }
    }
    return true
  }
}

private func areEqual(_ left: StarlarkSet, _ right: StarlarkSet, _ meter: Meter) throws -> Bool {
  if left === right { return true }
  guard left.count == right.count else { return false }
  for entry in left.table.entries {
    if case .unbound = entry.key { continue }
    try meter.step()
    if try right.table.position(of: entry.key, hash: entry.hash, meter: meter) == nil { return false }
  }
  return true
}

/// The order of two numbers: below, equal to or above zero. NaN is above all others.
func orderNumbers(_ left: Value, _ right: Value) throws -> Int {
  func order(_ a: Double, _ b: Double) -> Int {
    if a.isNaN || b.isNaN { return (a.isNaN ? 1 : 0) - (b.isNaN ? 1 : 0) }
    return a < b ? -1 : a > b ? 1 : 0
  }
  func order(_ a: BigInteger, _ b: BigInteger) -> Int {
    BigInteger.isLess(a, b) ? -1 : BigInteger.isEqual(a, b) ? 0 : 1
  }
  switch (left, right) {
  case (.int(let a), .int(let b)): return a < b ? -1 : a > b ? 1 : 0
  case (.float(let a), .float(let b)): return order(a, b)
  case (.float(let a), _): return -orderInteger(right, a)
  case (_, .float(let b)): return orderInteger(left, b)
  case (.bigInt(let a), .bigInt(let b)): return order(a, b)
  case (.bigInt(let a), .int): return a.isNegative ? -1 : 1
  case (.int, .bigInt(let b)): return b.isNegative ? 1 : -1
  default: throw StarlarkError("not numbers: \(left.typeName) and \(right.typeName)")
  }
}

/// The exact order of an integer and a float.
private func orderInteger(_ integer: Value, _ number: Double) -> Int {
  if number.isNaN { return -1 }
  if number.isInfinite { return number > 0 ? -1 : 1 }
  let floor = number.rounded(.down)
  guard let whole = BigInteger.value(truncating: floor), let left = bigInteger(integer), let right = bigInteger(whole)
  else { return 0 }
  if BigInteger.isEqual(left, right) { return floor < number ? -1 : 0 }
  return BigInteger.isLess(left, right) ? -1 : 1
}

/// An `int` of any size as a big integer.
func bigInteger(_ value: Value) -> BigInteger? {
  switch value {
  case .int(let small): BigInteger(small)
  case .bigInt(let big): big
  default: nil
  }
}

/// The order of two values of one ordered type: below, equal to or above zero.
func order(_ left: Value, _ right: Value, _ operation: String, _ meter: Meter) throws -> Int {
  switch (left, right) {
  case (.int(let a), .int(let b)): return a < b ? -1 : a > b ? 1 : 0
  case (.string(let a), .string(let b)): return orderBytes(a.utf8, b.utf8)
  case (.int, .float), (.int, .bigInt), (.bigInt, _), (.float, _):
    switch right {
    case .int, .bigInt, .float: return try orderNumbers(left, right)
    default: break
    }
  case (.bytes(let a), .bytes(let b)): return orderBytes(a.bytes, b.bytes)
  case (.bool(let a), .bool(let b)): return (a ? 1 : 0) - (b ? 1 : 0)
  case (.list(let a), .list(let b)): return try orderElements(a.elements, b.elements, operation, meter)
  case (.tuple(let a), .tuple(let b)): return try orderElements(a.elements, b.elements, operation, meter)
  default: break
  }
  throw StarlarkError("\(left.typeName) \(operation) \(right.typeName) not implemented")
}

private func orderBytes(_ left: [UInt8], _ right: [UInt8]) -> Int {
  for position in 0..<min(left.count, right.count) where left[position] != right[position] {
    return left[position] < right[position] ? -1 : 1
  }
  return left.count < right.count ? -1 : left.count > right.count ? 1 : 0
}

private func orderElements(_ left: [Value], _ right: [Value], _ operation: String, _ meter: Meter) throws -> Int {
  try meter.descend {
    for position in 0..<min(left.count, right.count) {
      try meter.step()
      if try !areEqual(left[position], right[position], meter) {
        return try order(left[position], right[position], operation, meter)
      }
    }
    return left.count < right.count ? -1 : left.count > right.count ? 1 : 0
  }
}

/// A hash that equal values share; throws for values that can change.
func hashValue(of value: Value, _ meter: Meter) throws -> Int {
  switch value {
  case .string(let string):
    try charge(string.utf8.count, meter)
    return hashBytes(string.utf8)
  case .int(let int): return hashInteger(int)
  case .none: return 0x2545_F491
  case .bool(let bool): return bool ? 0x5851_F42D : 0x14C2_F767
  case .bigInt(let big):
    var hasher = Hasher()
    hasher.combine(big.isNegative)
    hasher.combine(big.magnitude)
    return hasher.finalize()
  case .float(let number):
    if number == number.rounded(.towardZero), let whole = BigInteger.value(truncating: number) {
      return try hashValue(of: whole, meter)
    }
    return number.isNaN ? 0x7FF8_0001 : number.hashValue
  case .bytes(let bytes): return ~hashBytes(bytes.bytes)
  case .tuple(let tuple):
    return try meter.descend {
      var hasher = Hasher()
      for element in tuple.elements {
        try meter.step()
        hasher.combine(try hashValue(of: element, meter))
      }
      return hasher.finalize()
    }
  case .function(let function): return ObjectIdentifier(function).hashValue
  case .builtin(let builtin): return ObjectIdentifier(builtin).hashValue
  case .elements(let view): return ObjectIdentifier(view).hashValue
  case .opaque(let reference):
    if let hash = reference.object.hash { return hash }
  case .list, .dict, .set, .range, .unbound: break
  }
  throw StarlarkError("unhashable type: \(value.typeName)")
}

@inline(__always)
func hashInteger(_ value: Int) -> Int {
  // A multiplication spreads consecutive keys; the high half, which it mixes best, is folded down.
  let product = UInt(bitPattern: value) &* 0x9E37_79B9_7F4A_7C15
  return Int(bitPattern: product ^ (product >> 32))
}

@inline(__always)
func hashBytes(_ bytes: [UInt8]) -> Int {
  // The library's hash has a seed of its own in each process: collisions cannot be prepared.
  var hasher = Hasher()
  bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
  return hasher.finalize()
}

/// The operations that sets have as operators and as methods. Results keep the order of the left operand.
enum SetOperations {
  static func make(_ elements: some Sequence<Value>, _ meter: Meter) throws -> StarlarkSet {
    let result = StarlarkSet()
    for element in elements {
      try meter.step()
      try result.add(element, meter: meter)
    }
    return result
  }

  static func union(_ left: StarlarkSet, _ right: [Value], _ meter: Meter) throws -> StarlarkSet {
    try make(left.elements + right, meter)
  }

  static func intersection(_ left: StarlarkSet, _ right: StarlarkSet, _ meter: Meter) throws -> StarlarkSet {
    try make(try left.elements.filter { try right.contains($0, meter: meter) }, meter)
  }

  static func difference(_ left: StarlarkSet, _ right: StarlarkSet, _ meter: Meter) throws -> StarlarkSet {
    try make(try left.elements.filter { try !right.contains($0, meter: meter) }, meter)
  }

  static func symmetricDifference(_ left: StarlarkSet, _ right: StarlarkSet, _ meter: Meter) throws -> StarlarkSet {
    let result = try difference(left, right, meter)
    for element in right.elements where try !left.contains(element, meter: meter) {
      try result.add(element, meter: meter)
    }
    return result
  }
}

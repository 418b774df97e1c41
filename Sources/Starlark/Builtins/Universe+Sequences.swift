extension Universe {
  static let sequenceFunctions: [(String, @Sendable (Call) throws -> Value)] = [
    ("all", all), ("any", any), ("enumerate", enumerate), ("max", { try extreme($0, wantsGreatest: true) }),
    ("min", { try extreme($0, wantsGreatest: false) }), ("range", range), ("reversed", reversed), ("sorted", sorted),
    ("zip", zip),
  ]

  @Sendable private static func all(_ call: Call) throws -> Value {
    .bool(try call.elements(try call.bind(["x"], required: 1)[0], "x").allSatisfy(\.isTruthy))
  }

  @Sendable private static func any(_ call: Call) throws -> Value {
    .bool(try call.elements(try call.bind(["x"], required: 1)[0], "x").contains(where: \.isTruthy))
  }

  @Sendable private static func enumerate(_ call: Call) throws -> Value {
    let bound = try call.bind(["iterable", "start"], required: 1)
    let start = try bound[1].map { try call.int($0, "start") } ?? 0
    let elements = try call.elements(bound[0], "iterable")
    try call.thread.meter.allocate(elements.count, times: 80)
    return .list(elements.enumerated().map { .tuple([.int(start &+ $0), $1]) })
  }

  private static func extreme(_ call: Call, wantsGreatest: Bool) throws -> Value {
    var key: Value?
    for argument in call.named {
      guard argument.name == "key" else {
        throw call.failure("unexpected keyword argument \"\(argument.name)\"")
      }
      if !argument.value.isNone { key = argument.value }
    }
    if call.positional.isEmpty { throw call.failure("requires at least one positional argument") }
    let candidates: [Value]
    if call.positional.count == 1 {
      guard let elements = try elements(of: call.positional[0], call.thread.meter) else {
        throw call.failure("\(call.positional[0].typeName) value is not iterable")
      }
      candidates = elements
    } else {
      candidates = call.positional
    }
    guard var best = candidates.first else { throw call.failure("argument is an empty sequence") }
    func keyed(_ value: Value) throws -> Value { try key.map { try call.thread.call($0, [value]) } ?? value }
    var bestKey = try keyed(best)
    for candidate in candidates.dropFirst() {
      try call.thread.meter.step()
      let candidateKey = try keyed(candidate)
      let order = try order(candidateKey, bestKey, wantsGreatest ? ">" : "<", call.thread.meter)
      if wantsGreatest ? order > 0 : order < 0 { (best, bestKey) = (candidate, candidateKey) }
    }
    return best
  }

  @Sendable private static func range(_ call: Call) throws -> Value {
    let bound = try call.bind(["start", "stop", "step"], required: 1)
    func exact(_ value: Value?, _ parameter: String) throws -> Int {
      if case .bigInt(let big)? = value { throw call.failure("\(big.text()) out of range") }
      return try call.int(value, parameter)
    }
    let first = try exact(bound[0], "start")
    let (start, stop) = bound[1] == nil ? (0, first) : (first, try exact(bound[1], "stop"))
    let step = try bound[2].map { try exact($0, "step") } ?? 1
    if step == 0 { throw call.failure("step argument must not be zero") }
    guard let range = StarlarkRange(start: start, stop: stop, step: step) else {
      throw call.failure("too many elements")
    }
    return .range(range)
  }

  @Sendable private static func reversed(_ call: Call) throws -> Value {
    try call.list(try call.elements(try call.bind(["sequence"], required: 1)[0], "sequence").reversed())
  }

  @Sendable private static func sorted(_ call: Call) throws -> Value {
    let bound = try call.bind(["iterable", "key", "reverse"], required: 1)
    if call.positional.count > 1 { throw call.failure("got \(call.positional.count) arguments, want at most 1") }
    let elements = try call.elements(bound[0], "iterable")
    let isReversed = try call.bool(bound[2], "reverse") ?? false
    var keys = elements
    if let key = bound[1], !key.isNone {
      guard key.isCallable else { throw call.mismatch("key", key, want: "callable") }
      keys = try elements.map { try call.thread.call(key, [$0]) }
    }
    let meter = call.thread.meter
    try meter.allocate(elements.count, times: 48)
    // The library's sort is stable, and passes errors of the comparison on.
    let positions = try elements.indices.sorted { left, right in
      try meter.step()
      let order = try order(keys[left], keys[right], "<", meter)
      return isReversed ? order > 0 : order < 0
    }
    return try call.list(positions.map { elements[$0] })
  }

  @Sendable private static func zip(_ call: Call) throws -> Value {
    try call.rejectNamed()
    var columns: [[Value]] = []
    for (position, argument) in call.positional.enumerated() {
      guard let elements = try elements(of: argument, call.thread.meter) else {
        throw call.failure("argument #\(position + 1) is not iterable: \(argument.typeName)")
      }
      columns.append(elements)
    }
    let count = columns.map(\.count).min() ?? 0
    try call.thread.meter.allocate(count, times: 48 + 16 * columns.count)
    return .list((0..<count).map { row in .tuple(columns.map { $0[row] }) })
  }
}

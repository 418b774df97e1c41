enum SetMethods {
  static let table = builtinTable([
    ("add", add), ("clear", clear), ("difference", difference), ("difference_update", differenceUpdate),
    ("discard", discard), ("intersection", intersection), ("intersection_update", intersectionUpdate),
    ("isdisjoint", isdisjoint), ("issubset", issubset), ("issuperset", issuperset), ("pop", pop), ("remove", remove),
    ("symmetric_difference", symmetricDifference), ("symmetric_difference_update", symmetricDifferenceUpdate),
    ("union", union), ("update", update),
  ])

  private static func set(_ call: Call) -> StarlarkSet {
    if case .set(let set)? = call.receiver { return set }
    return StarlarkSet()
  }

  private static func operand(_ call: Call, _ value: Value?) throws -> StarlarkSet {
    if case .set(let set)? = value { return set }
    return try SetOperations.make(try call.elements(value, "other"), call.thread.meter)
  }

  private static func operands(_ call: Call) throws -> [StarlarkSet] {
    try call.rejectNamed()
    return try call.positional.map { try operand(call, $0) }
  }

  private static func replace(_ set: StarlarkSet, by result: StarlarkSet) throws -> Value {
    try set.checkMutable("update", "set")
    set.table = result.table
    return .none
  }

  @Sendable private static func add(_ call: Call) throws -> Value {
    let element = try call.bind(["x"], required: 1)[0] ?? .none
    let set = set(call)
    // Adding an existing element changes nothing, and is allowed even now.
    if try set.contains(element, meter: call.thread.meter), !set.isFrozen { return .none }
    try set.checkMutable("insert into", "set")
    try set.add(element, meter: call.thread.meter)
    return .none
  }

  @Sendable private static func clear(_ call: Call) throws -> Value {
    _ = try call.bind([])
    let set = set(call)
    try set.checkMutable("clear", "set")
    set.table.removeAll()
    return .none
  }

  @Sendable private static func discard(_ call: Call) throws -> Value {
    let element = try call.bind(["x"], required: 1)[0] ?? .none
    let set = set(call)
    if try !set.contains(element, meter: call.thread.meter), !set.isFrozen { return .none }
    try set.checkMutable("delete from", "set")
    _ = try set.discard(element, meter: call.thread.meter)
    return .none
  }

  @Sendable private static func remove(_ call: Call) throws -> Value {
    let element = try call.bind(["x"], required: 1)[0] ?? .none
    let set = set(call)
    try set.checkMutable("delete from", "set")
    if try set.discard(element, meter: call.thread.meter) { return .none }
    throw call.failure("missing key \(try Printer.representation(element, call.thread.meter))")
  }

  @Sendable private static func pop(_ call: Call) throws -> Value {
    _ = try call.bind([])
    let set = set(call)
    try set.checkMutable("delete from", "set")
    guard let position = set.table.firstPosition() else { throw call.failure("empty set") }
    return set.table.remove(at: position).key
  }

  @Sendable private static func union(_ call: Call) throws -> Value {
    try call.rejectNamed()
    let others = try call.positional.flatMap { try call.elements($0, "other") }
    return .set(try SetOperations.union(set(call), others, call.thread.meter))
  }

  @Sendable private static func update(_ call: Call) throws -> Value {
    try call.rejectNamed()
    let others = try call.positional.flatMap { try call.elements($0, "other") }
    let set = set(call)
    try set.checkMutable("update", "set")
    for element in others { try set.add(element, meter: call.thread.meter) }
    return .none
  }

  private static func intersected(_ call: Call) throws -> StarlarkSet {
    var result = try SetOperations.make(set(call).elements, call.thread.meter)
    for other in try operands(call) { result = try SetOperations.intersection(result, other, call.thread.meter) }
    return result
  }

  private static func subtracted(_ call: Call) throws -> StarlarkSet {
    var result = try SetOperations.make(set(call).elements, call.thread.meter)
    for other in try operands(call) { result = try SetOperations.difference(result, other, call.thread.meter) }
    return result
  }

  @Sendable private static func intersection(_ call: Call) throws -> Value { .set(try intersected(call)) }

  @Sendable private static func intersectionUpdate(_ call: Call) throws -> Value {
    try replace(set(call), by: try intersected(call))
  }

  @Sendable private static func difference(_ call: Call) throws -> Value { .set(try subtracted(call)) }

  @Sendable private static func differenceUpdate(_ call: Call) throws -> Value {
    try replace(set(call), by: try subtracted(call))
  }

  private static func symmetric(_ call: Call) throws -> StarlarkSet {
    let other = try operand(call, try call.bind(["other"], required: 1)[0])
    return try SetOperations.symmetricDifference(set(call), other, call.thread.meter)
  }

  @Sendable private static func symmetricDifference(_ call: Call) throws -> Value { .set(try symmetric(call)) }

  @Sendable private static func symmetricDifferenceUpdate(_ call: Call) throws -> Value {
    try replace(set(call), by: try symmetric(call))
  }

  private static func isIncluded(_ left: StarlarkSet, _ right: StarlarkSet, _ call: Call) throws -> Value {
    .bool(try left.elements.allSatisfy { try right.contains($0, meter: call.thread.meter) })
  }

  @Sendable private static func isdisjoint(_ call: Call) throws -> Value {
    let other = try operand(call, try call.bind(["other"], required: 1)[0])
    return .bool(try !set(call).elements.contains { try other.contains($0, meter: call.thread.meter) })
  }

  @Sendable private static func issubset(_ call: Call) throws -> Value {
    try isIncluded(set(call), try operand(call, try call.bind(["other"], required: 1)[0]), call)
  }

  @Sendable private static func issuperset(_ call: Call) throws -> Value {
    try isIncluded(try operand(call, try call.bind(["other"], required: 1)[0]), set(call), call)
  }
}

enum BytesMethods {
  static let table = builtinTable([
    (
      "elems",
      { call in
        _ = try call.bind([])
        guard case .bytes(let bytes)? = call.receiver else { return .none }
        return .elements(StringElements(bytes.bytes, .byteOrdinals))
      }
    )
  ])
}

enum ListMethods {
  static let table = builtinTable([
    ("append", append), ("clear", clear), ("extend", extend), ("index", index), ("insert", insert), ("pop", pop),
    ("remove", remove),
  ])

  private static func list(_ call: Call) -> StarlarkList {
    if case .list(let list)? = call.receiver { return list }
    return StarlarkList()
  }

  @Sendable private static func append(_ call: Call) throws -> Value {
    let element = try call.bind(["x"], required: 1)[0] ?? .none
    try call.thread.meter.allocate(16)
    try list(call).append(element)
    return .none
  }

  @Sendable private static func clear(_ call: Call) throws -> Value {
    _ = try call.bind([])
    let list = list(call)
    try list.checkMutable("clear", "list")
    list.elements.removeAll()
    return .none
  }

  @Sendable private static func extend(_ call: Call) throws -> Value {
    let more = try call.elements(try call.bind(["iterable"], required: 1)[0], "iterable")
    let list = list(call)
    try list.checkMutable("extend", "list")
    try call.thread.meter.allocate(more.count, times: 16)
    list.elements += more
    return .none
  }

  @Sendable private static func index(_ call: Call) throws -> Value {
    let bound = try call.bind(["x", "start", "end"], required: 1)
    let list = list(call)
    let (low, high) = try bounds(call, bound[1], bound[2], list.count)
    if low < high {
      for position in low..<high {
        try call.thread.meter.step()
        if try areEqual(list.elements[position], bound[0] ?? .none, call.thread.meter) { return .int(position) }
      }
    }
    throw call.failure("value not in list")
  }

  @Sendable private static func insert(_ call: Call) throws -> Value {
    let bound = try call.bind(["index", "x"], required: 2)
    let list = list(call)
    let index = try call.int(bound[0], "index")
    try list.checkMutable("insert into", "list")
    try call.thread.meter.allocate(16)
    try call.thread.meter.step(list.count / 16)
    list.elements.insert(bound[1] ?? .none, at: min(max(index < 0 ? index + list.count : index, 0), list.count))
    return .none
  }

  @Sendable private static func pop(_ call: Call) throws -> Value {
    let bound = try call.bind(["index"])
    let list = list(call)
    try list.checkMutable("pop from", "list")
    let index = try bound[0].map { try call.int($0, "index") } ?? -1
    let position = index < 0 ? index + list.count : index
    guard position >= 0, position < list.count else {
      throw call.failure("list index \(index) out of range\(list.count == 0 ? ": empty list" : "")")
    }
    try call.thread.meter.step((list.count - position) / 16)
    return list.elements.remove(at: position)
  }

  @Sendable private static func remove(_ call: Call) throws -> Value {
    let element = try call.bind(["x"], required: 1)[0] ?? .none
    let list = list(call)
    try list.checkMutable("remove from", "list")
    try call.thread.meter.step(list.count)
    for (position, candidate) in list.elements.enumerated()
    where try areEqual(candidate, element, call.thread.meter) {
      list.elements.remove(at: position)
      return .none
    }
    throw call.failure("element not found")
  }
}

/// The part of a sequence of `count` elements that start and end arguments select.
func bounds(_ call: Call, _ start: Value?, _ end: Value?, _ count: Int) throws -> (low: Int, high: Int) {
  func position(_ value: Int) -> Int { min(max(value < 0 ? value + count : value, 0), count) }
  let low = try call.optionalInt(start, "start") ?? 0
  let high = try call.optionalInt(end, "end") ?? count
  // A start beyond the end selects nothing, not even an empty string there.
  return (low > count ? count + 1 : position(low), position(high))
}

enum DictMethods {
  static let table = builtinTable([
    ("clear", clear), ("get", get), ("items", items), ("keys", keys), ("pop", pop), ("popitem", popitem),
    ("setdefault", setdefault), ("update", update), ("values", values),
  ])

  private static func dict(_ call: Call) -> StarlarkDict {
    if case .dict(let dict)? = call.receiver { return dict }
    return StarlarkDict()
  }

  @Sendable private static func clear(_ call: Call) throws -> Value {
    _ = try call.bind([])
    let dict = dict(call)
    try dict.checkMutable("clear", "dict")
    dict.table.removeAll()
    return .none
  }

  @Sendable private static func get(_ call: Call) throws -> Value {
    let bound = try call.bind(["key", "default"], required: 1)
    return try dict(call).value(for: bound[0] ?? .none, meter: call.thread.meter) ?? bound[1] ?? .none
  }

  @Sendable private static func items(_ call: Call) throws -> Value {
    _ = try call.bind([])
    let dict = dict(call)
    try call.thread.meter.allocate(dict.count, times: 80)
    return try call.list(dict.items.map { .tuple([$0.key, $0.value]) })
  }

  @Sendable private static func keys(_ call: Call) throws -> Value {
    _ = try call.bind([])
    return try call.list(dict(call).keys)
  }

  @Sendable private static func values(_ call: Call) throws -> Value {
    _ = try call.bind([])
    return try call.list(dict(call).items.map(\.value))
  }

  @Sendable private static func pop(_ call: Call) throws -> Value {
    let bound = try call.bind(["key", "default"], required: 1)
    if let value = try dict(call).remove(bound[0] ?? .none, meter: call.thread.meter) { return value }
    if let fallback = bound[1] { return fallback }
    throw call.failure("missing key \(try Printer.representation(bound[0] ?? .none, call.thread.meter))")
  }

  @Sendable private static func popitem(_ call: Call) throws -> Value {
    _ = try call.bind([])
    let dict = dict(call)
    try dict.checkMutable("delete from", "dict")
    guard let position = dict.table.firstPosition() else { throw call.failure("empty dict") }
    let entry = dict.table.remove(at: position)
    return .tuple([entry.key, entry.value])
  }

  @Sendable private static func setdefault(_ call: Call) throws -> Value {
    let bound = try call.bind(["key", "default"], required: 1)
    let dict = dict(call)
    let key = bound[0] ?? .none
    if let value = try dict.value(for: key, meter: call.thread.meter) { return value }
    let value = bound[1] ?? .none
    try dict.set(key, value, meter: call.thread.meter)
    return value
  }

  @Sendable private static func update(_ call: Call) throws -> Value {
    if call.positional.count > 1 { throw call.failure("got \(call.positional.count) arguments, want at most 1") }
    let dict = dict(call)
    try dict.checkMutable("insert into", "dict")
    try update(dict, call.positional.first, call.named, call)
    return .none
  }

  /// Adds pairs, or another dictionary's entries, then named values.
  static func update(_ dict: StarlarkDict, _ source: Value?, _ named: [NamedArgument], _ call: Call) throws {
    let meter = call.thread.meter
    if case .dict(let other)? = source {
      try meter.step(other.count)
      for (key, value) in other.items { try dict.set(key, value, meter: meter) }
    } else if let source {
      guard let pairs = try elements(of: source, meter) else {
        throw call.failure("got \(source.typeName), want iterable")
      }
      for (position, pair) in pairs.enumerated() {
        guard let parts = try elements(of: pair, meter) else {
          throw call.failure("dictionary update sequence element #\(position) is not iterable (\(pair.typeName))")
        }
        guard parts.count == 2 else {
          throw call.failure("dictionary update sequence element #\(position) has length \(parts.count), want 2")
        }
        try dict.set(parts[0], parts[1], meter: meter)
      }
    }
    for argument in named { try dict.set(.string(argument.name), argument.value, meter: meter) }
  }
}

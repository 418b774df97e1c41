import StarlarkSyntax

/// `x[i]`, `x[i:j:k]` and their assignments.
enum Indexing {
  static func element(of target: Value, at key: Value, _ meter: Meter) throws -> Value {
    switch target {
    case .dict(let dict):
      guard let value = try dict.value(for: key, meter: meter) else {
        throw missing(key, dict, meter)
      }
      return value
    case .list(let list): return list.elements[try position(key, list.elements.count, "list")]
    case .tuple(let tuple): return tuple.elements[try position(key, tuple.count, "tuple")]
    case .string(let string):
      return .string(StarlarkString(utf8: [string.utf8[try position(key, string.utf8.count, "string")]]))
    case .bytes(let bytes): return .int(Int(bytes.bytes[try position(key, bytes.bytes.count, "bytes")]))
    case .range(let range): return .int(range[try position(key, range.count, "range")])
    case .elements(let view): return view[try position(key, view.count, view.typeName)]
    case .opaque(let reference):
      if let value = try reference.object.element(at: key) { return value }
    default: break
    }
    throw StarlarkError("unhandled index operation \(target.typeName)[\(key.typeName)]")
  }

  private static func missing(_ key: Value, _ dict: StarlarkDict, _ meter: Meter) -> StarlarkError {
    let text = (try? Printer.representation(key, meter)) ?? "<\(key.typeName)>"
    let hint = key.asString.flatMap { Suggestion.hint(for: $0, among: dict.keys.prefix(1000).compactMap(\.asString)) }
    return StarlarkError("key \(text) not in dict", hint: hint)
  }

  /// An index counted from the end when negative, within `0..<count`.
  private static func position(_ key: Value, _ count: Int, _ type: String) throws -> Int {
    guard case .int(let index) = key else {
      if case .bigInt = key { throw StarlarkError("\(type) index out of range") }
      throw StarlarkError("\(type) index: got \(key.typeName), want int")
    }
    let position = index < 0 ? index + count : index
    guard position >= 0, position < count else {
      throw StarlarkError(
        count == 0
          ? "index \(index) out of range: empty \(type)"
          : "\(type) index \(index) out of range [\(-count):\(count - 1)]")
    }
    return position
  }

  static func setElement(of target: Value, at key: Value, to value: Value, _ meter: Meter) throws {
    switch target {
    case .list(let list):
      try list.checkMutable("assign to element of", "list")
      list.elements[try position(key, list.count, "list")] = value
      return
    case .dict(let dict): return try dict.set(key, value, meter: meter)
    case .opaque(let reference):
      if try reference.object.setElement(at: key, to: value) { return }
    default: break
    }
    throw StarlarkError("\(target.typeName) value does not support item assignment")
  }

  static func slice(of target: Value, _ low: Value, _ high: Value, _ step: Value, _ meter: Meter) throws -> Value {
    let count: Int
    switch target {
    case .list(let list): count = list.count
    case .tuple(let tuple): count = tuple.count
    case .string(let string): count = string.utf8.count
    case .bytes(let bytes): count = bytes.bytes.count
    case .range(let range): count = range.count
    default: throw StarlarkError("invalid slice operand \(target.typeName)")
    }
    let bounds = try SliceBounds(low, high, step, count)
    switch target {
    case .list(let list): return .list(try bounds.pick(list.elements, 16, meter))
    case .tuple(let tuple): return .tuple(try bounds.pick(tuple.elements, 16, meter))
    case .string(let string): return .string(StarlarkString(utf8: try bounds.pick(string.utf8, 1, meter)))
    case .bytes(let bytes): return .bytes(StarlarkBytes(try bounds.pick(bytes.bytes, 1, meter)))
    case .range(let range) where bounds.count <= 1:
      let first = bounds.count == 0 ? 0 : range[bounds.start]
      guard let result = StarlarkRange(start: first, stop: first &+ bounds.count, step: 1) else { return .none }
      return .range(result)
    case .range(let range):
      let step = range.step.multipliedReportingOverflow(by: bounds.step)
      let first = range.start &+ bounds.start &* range.step
      let (length, overflow) = bounds.count.multipliedReportingOverflow(by: step.partialValue)
      let (stop, overflow2) = first.addingReportingOverflow(length)
      guard !step.overflow, !overflow, !overflow2,
        let result = StarlarkRange(start: first, stop: bounds.count == 0 ? first : stop, step: step.partialValue)
      else { throw StarlarkError("range slice out of range") }
      return .range(result)
    default: return .none
    }
  }
}

/// The elements that a slice picks: `count` of them from `start` on, `step` apart.
struct SliceBounds {
  let start: Int
  let step: Int
  let count: Int

  init(_ low: Value, _ high: Value, _ step: Value, _ length: Int) throws {
    self.step = try Self.bound(step, "step") ?? 1
    if self.step == 0 { throw StarlarkError("zero is not a valid slice step") }
    let low = try Self.bound(low, "start index")
    let high = try Self.bound(high, "end index")
    func absolute(_ index: Int, _ lowest: Int, _ highest: Int) -> Int {
      min(max(index < 0 ? index + length : index, lowest), highest)
    }
    if self.step > 0 {
      let from = absolute(low ?? 0, 0, length)
      let to = absolute(high ?? length, 0, length)
      start = from
      count = to <= from ? 0 : (to - from - 1) / self.step + 1
    } else {
      let from = low.map { absolute($0, -1, length - 1) } ?? length - 1
      let to = high.map { absolute($0, -1, length - 1) } ?? -1
      start = from
      count = from <= to ? 0 : Int(UInt(from - to - 1) / self.step.magnitude) + 1
    }
  }

  private static func bound(_ value: Value, _ name: String) throws -> Int? {
    switch value {
    case .none: return nil
    case .int(let int): return max(int, Int.min / 2)
    case .bigInt(let big): return big.isNegative ? Int.min / 2 : Int.max
    default: throw StarlarkError("invalid \(name): got \(value.typeName), want int")
    }
  }

  func pick<T>(_ elements: [T], _ size: Int, _ meter: Meter) throws -> [T] {
    if count == 0 { return [] }
    try meter.allocate(32 + count * size)
    if step == 1 { return Array(elements[start..<(start + count)]) }
    var result: [T] = []
    result.reserveCapacity(count)
    for position in 0..<count { result.append(elements[start + position * step]) }
    return result
  }
}

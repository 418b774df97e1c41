import StarlarkSyntax

/// An active call of a Starlark function.
struct Frame {
  let function: StarlarkFunction
  /// The instruction being carried out; kept up to date only where it can be observed.
  var instruction = 0

  var location: StarlarkLocation { function.code.location(at: instruction) }
}

/// An iteration under way.
struct IteratorState {
  private enum Elements {
    case array([Value])
    case list(StarlarkList)
    case dict(StarlarkDict)
    case set(StarlarkSet)
    case range(StarlarkRange)
    case view(StringElements)
  }

  private let elements: Elements
  private var position = 0

  /// Begins to iterate; lists, dictionaries and sets cannot change until `end`.
  init(_ value: Value) throws {
    switch value {
    case .list(let list):
      list.beginIteration()
      elements = .list(list)
    case .tuple(let tuple): elements = .array(tuple.elements)
    case .dict(let dict):
      dict.beginIteration()
      elements = .dict(dict)
    case .set(let set):
      set.beginIteration()
      elements = .set(set)
    case .range(let range): elements = .range(range)
    case .elements(let view): elements = .view(view)
    case .opaque(let reference):
      guard let array = reference.object.elements() else { throw Self.notIterable(value) }
      elements = .array(array)
    default: throw Self.notIterable(value)
    }
  }

  static func notIterable(_ value: Value) -> StarlarkError {
    var hint: String?
    if case .string = value { hint = "use .elems() for its characters" }
    return StarlarkError("\(value.typeName) value is not iterable", hint: hint)
  }

  mutating func next() -> Value? {
    switch elements {
    case .array(let array):
      guard position < array.count else { return nil }
      position += 1
      return array[position - 1]
    case .list(let list):
      guard position < list.elements.count else { return nil }
      position += 1
      return list.elements[position - 1]
    case .dict(let dict):
      guard let found = dict.table.nextPosition(from: position) else { return nil }
      position = found + 1
      return dict.table.entries[found].key
    case .set(let set):
      guard let found = set.table.nextPosition(from: position) else { return nil }
      position = found + 1
      return set.table.entries[found].key
    case .range(let range):
      guard position < range.count else { return nil }
      position += 1
      return .int(range[position - 1])
    case .view(let view):
      guard position < view.count else { return nil }
      position += 1
      return view[position - 1]
    }
  }

  func end() {
    switch elements {
    case .list(let list): list.endIteration()
    case .dict(let dict): dict.endIteration()
    case .set(let set): set.endIteration()
    case .array, .range, .view: break
    }
  }
}

/// The elements that a built-in function iterates over; nil when the value is not iterable.
func elements(of value: Value, _ meter: Meter) throws -> [Value]? {
  switch value {
  case .list(let list):
    try meter.step(list.count)
    return list.elements
  case .tuple(let tuple):
    try meter.step(tuple.count)
    return tuple.elements
  case .range(let range):
    try meter.allocate(range.count, times: 16)
    try meter.step(range.count)
  case .dict(let dict):
    try meter.allocate(dict.count, times: 16)
    try meter.step(dict.count)
  case .set(let set):
    try meter.allocate(set.count, times: 16)
    try meter.step(set.count)
  case .elements(let view):
    try meter.allocate(view.count, times: 32)
    try meter.step(view.count)
  default: break
  }
  return value.iterated
}

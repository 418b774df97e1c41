import StarlarkSyntax

/// The shared part of lists, dictionaries and sets: whether they can change.
///
/// `@unchecked Sendable` for the reason given at `Value`: mutable only on the owning thread, before it is frozen.
public class MutableCollection: @unchecked Sendable {
  /// Whether the value is immutable for good.
  public private(set) final var isFrozen = false
  /// The number of iterations in progress over the value; not counted once frozen.
  private final var iterations = 0

  final func freezeOnce() -> Bool {
    if isFrozen { return false }
    isFrozen = true
    return true
  }

  final func beginIteration() { if !isFrozen { iterations += 1 } }
  final func endIteration() { if !isFrozen { iterations -= 1 } }

  /// Throws unless the value can change; `action` completes "cannot …", as in `append to` or `insert into`.
  final func checkMutable(_ action: String, _ type: String) throws {
    if isFrozen { throw StarlarkError("cannot \(action) frozen \(type)") }
    if iterations > 0 { throw StarlarkError("cannot \(action) \(type) during iteration") }
  }
}

/// A Starlark list.
public final class StarlarkList: MutableCollection, @unchecked Sendable {
  /// The elements.
  public internal(set) var elements: [Value]

  /// A mutable list of these elements.
  public init(_ elements: [Value] = []) { self.elements = elements }

  deinit { Teardown.release(&elements) }

  /// The number of elements.
  public var count: Int { elements.count }

  /// Adds an element at the end; throws when the list is frozen or being iterated over.
  public func append(_ element: Value) throws {
    try checkMutable("append to", "list")
    elements.append(element)
  }
}

/// A Starlark tuple.
///
/// `@unchecked Sendable`: `isFrozen` is written by the owning thread before the tuple is shared; `elements` only by `deinit`.
public final class StarlarkTuple: @unchecked Sendable {
  /// The elements.
  public private(set) var elements: [Value]
  private var isFrozen = false

  /// A tuple of these elements.
  public init(_ elements: [Value]) { self.elements = elements }

  deinit { Teardown.release(&elements) }

  /// The number of elements.
  public var count: Int { elements.count }

  func freezeOnce() -> Bool {
    if isFrozen { return false }
    isFrozen = true
    return true
  }
}

/// A Starlark dictionary, in insertion order.
public final class StarlarkDict: MutableCollection, @unchecked Sendable {
  var table = HashTable()

  /// An empty dictionary.
  public override init() {}

  /// A dictionary with string keys, in this order.
  public init(_ entries: [(String, Value)]) {
    super.init()
    for (key, value) in entries { setString(key, value) }
  }

  deinit { Teardown.release(&table) }

  /// The number of entries.
  public var count: Int { table.count }

  /// The keys, in order.
  public var keys: [Value] { table.keys }

  /// The entries, in order.
  public var items: [(key: Value, value: Value)] {
    var result: [(key: Value, value: Value)] = []
    result.reserveCapacity(table.count)
    for entry in table.entries {
      if case .unbound = entry.key { continue }
      result.append((entry.key, entry.value))
    }
    return result
  }

  /// The value of a key; throws when the key cannot be hashed.
  public func value(for key: Value) throws -> Value? { try value(for: key, meter: Meter()) }

  /// The value of a string key.
  public subscript(name: String) -> Value? {
    let key = StarlarkString(name)
    let hash = hashBytes(key.utf8)
    for entry in entries(hash: hash) {
      if case .string(let candidate) = entry.key, candidate == key { return entry.value }
    }
    return nil
  }

  private func entries(hash: Int) -> some Sequence<HashTable.Entry> {
    table.entries.lazy.filter { $0.hash == hash }
  }

  /// Sets the value of a key; throws when the key cannot be hashed, or the dictionary cannot change.
  public func set(_ key: Value, _ value: Value) throws { try set(key, value, meter: Meter()) }

  private func setString(_ key: String, _ value: Value) {
    let name = StarlarkString(key)
    let hash = hashBytes(name.utf8)
    do {
      try table.insert(.string(name), hash: hash, value, meter: Meter())
    } catch {
      // Comparing strings cannot fail; a fresh meter has budget.
      assertionFailure("string comparison failed: \(error)")
    }
  }

  func value(for key: Value, meter: Meter) throws -> Value? {
    guard let position = try table.position(of: key, hash: hashValue(of: key, meter), meter: meter) else { return nil }
    return table.entries[position].value
  }

  func set(_ key: Value, _ value: Value, meter: Meter) throws {
    try checkMutable("insert into", "dict")
    if try table.insert(key, hash: hashValue(of: key, meter), value, meter: meter) { try meter.allocate(48) }
  }

  func remove(_ key: Value, meter: Meter) throws -> Value? {
    try checkMutable("delete from", "dict")
    guard let position = try table.position(of: key, hash: hashValue(of: key, meter), meter: meter) else { return nil }
    return table.remove(at: position).value
  }
}

/// A Starlark set, in insertion order.
public final class StarlarkSet: MutableCollection, @unchecked Sendable {
  var table = HashTable()

  /// An empty set.
  public override init() {}

  deinit { Teardown.release(&table) }

  /// The number of elements.
  public var count: Int { table.count }

  /// The elements, in order.
  public var elements: [Value] { table.keys }

  /// Whether the set contains a value; throws if the value cannot be hashed.
  public func contains(_ element: Value) throws -> Bool { try contains(element, meter: Meter()) }

  /// Adds an element; throws when it cannot be hashed, or the set cannot change.
  public func insert(_ element: Value) throws {
    try checkMutable("insert into", "set")
    try add(element, meter: Meter())
  }

  func contains(_ element: Value, meter: Meter) throws -> Bool {
    try meter.step()
    return try table.position(of: element, hash: hashValue(of: element, meter), meter: meter) != nil
  }

  /// Adds without the check that the set can change: for sets under construction.
  func add(_ element: Value, meter: Meter) throws {
    if try table.insert(element, hash: hashValue(of: element, meter), .none, meter: meter) { try meter.allocate(48) }
  }

  /// Removes without the check that the set can change. Returns whether the element existed.
  func discard(_ element: Value, meter: Meter) throws -> Bool {
    guard let position = try table.position(of: element, hash: hashValue(of: element, meter), meter: meter) else {
      return false
    }
    _ = table.remove(at: position)
    return true
  }
}

/// A `range`: integers at even distances, not stored.
public final class StarlarkRange: Sendable {
  /// The first element, the bound and the distance.
  public let start: Int, stop: Int, step: Int
  /// The number of elements.
  public let count: Int

  /// The range from `start` towards `stop`, not included; nil when `step` is 0 or the range has more than `Int.max` elements.
  public init?(start: Int, stop: Int, step: Int) {
    guard step != 0 else { return nil }
    self.start = start
    self.stop = stop
    self.step = step
    if step > 0 ? start >= stop : start <= stop {
      count = 0
      return
    }
    let distance = start < stop ? UInt(bitPattern: stop &- start) : UInt(bitPattern: start &- stop)
    let elements = (distance - 1) / step.magnitude
    guard elements < UInt(Int.max) else { return nil }
    count = Int(elements) + 1
  }

  /// The element at a position from 0 to `count` - 1.
  public subscript(index: Int) -> Int { start &+ index &* step }

  func contains(_ value: Int) -> Bool {
    guard count > 0 else { return false }
    let last = self[count - 1]
    guard step > 0 ? value >= start && value <= last : value <= start && value >= last else { return false }
    let distance = value >= start ? UInt(bitPattern: value &- start) : UInt(bitPattern: start &- value)
    return distance % step.magnitude == 0
  }
}

/// A hash table that remembers the order of insertion: entries in an array, and an index of open addressing over them.
///
/// A removed entry leaves a gap (`key` is `.unbound`) until the table is next rebuilt, so that positions stay valid.
struct HashTable {
  struct Entry {
    var hash: Int
    var key: Value
    var value: Value
  }

  private(set) var entries: ContiguousArray<Entry> = []
  /// Positions in `entries` plus 1; 0 is free, -1 a removed one. Empty while there are at most `smallCount` entries.
  private var index: [Int32] = []
  private(set) var count = 0
  /// No entry before this position is live.
  private var firstLive = 0

  private static let smallCount = 8

  mutating func reserve(_ capacity: Int) { entries.reserveCapacity(capacity) }

  /// The position of `key`'s entry.
  func position(of key: Value, hash: Int, meter: Meter) throws -> Int? {
    if index.isEmpty {
      for position in entries.indices where entries[position].hash == hash {
        if try matches(position, key, meter) { return position }
      }
      return nil
    }
    let mask = index.count - 1
    var slot = hash & mask
    while true {
      let stored = index[slot]
      if stored == 0 { return nil }
      if stored > 0 {
        let position = Int(stored) - 1
        if entries[position].hash == hash, try matches(position, key, meter) { return position }
      }
      slot = (slot + 1) & mask
    }
  }

  private func matches(_ position: Int, _ key: Value, _ meter: Meter) throws -> Bool {
    if case .unbound = entries[position].key { return false }
    return try areEqual(entries[position].key, key, meter)
  }

  /// Sets the value of `key`; the first key stays. Returns whether it is new.
  @discardableResult
  mutating func insert(_ key: Value, hash: Int, _ value: Value, meter: Meter) throws -> Bool {
    if let position = try position(of: key, hash: hash, meter: meter) {
      entries[position].value = value
      return false
    }
    append(Entry(hash: hash, key: key, value: value))
    return true
  }

  /// Adds an entry whose key is known to be absent.
  private mutating func append(_ entry: Entry) {
    if index.isEmpty {
      if entries.count >= Self.smallCount {
        entries.append(entry)
        count += 1
        rebuild()
        return
      }
    } else if (entries.count + 1) * 4 > index.count * 3 {
      entries.append(entry)
      count += 1
      rebuild()
      return
    } else {
      place(hash: entry.hash, position: entries.count)
    }
    entries.append(entry)
    count += 1
  }

  private mutating func place(hash: Int, position: Int) {
    let mask = index.count - 1
    var slot = hash & mask
    while index[slot] > 0 { slot = (slot + 1) & mask }
    index[slot] = Int32(truncatingIfNeeded: position + 1)
  }

  /// Closes gaps and creates a new index of twice the entries or more.
  private mutating func rebuild() {
    if count != entries.count {
      entries.removeAll { if case .unbound = $0.key { true } else { false } }
    }
    firstLive = 0
    guard entries.count > Self.smallCount else {
      index = []
      return
    }
    var capacity = 32
    while capacity < entries.count * 2 + 2 { capacity *= 2 }
    index = [Int32](repeating: 0, count: capacity)
    for position in entries.indices { place(hash: entries[position].hash, position: position) }
  }

  /// Removes the entry at a position.
  mutating func remove(at position: Int) -> Entry {
    let entry = entries[position]
    if !index.isEmpty {
      let mask = index.count - 1
      var slot = entry.hash & mask
      while index[slot] != Int32(truncatingIfNeeded: position + 1) { slot = (slot + 1) & mask }
      index[slot] = -1
    }
    entries[position].key = .unbound
    entries[position].value = .none
    count -= 1
    if count == 0 { removeAll() }
    return entry
  }

  mutating func removeAll() {
    entries = []
    index = []
    count = 0
    firstLive = 0
  }

  /// The position of the oldest entry.
  mutating func firstPosition() -> Int? {
    while firstLive < entries.count {
      if case .unbound = entries[firstLive].key { firstLive += 1 } else { return firstLive }
    }
    return nil
  }

  /// The first live position at or after `position`.
  func nextPosition(from position: Int) -> Int? {
    var position = position
    while position < entries.count {
      if case .unbound = entries[position].key { position += 1 } else { return position }
    }
    return nil
  }

  var keys: [Value] {
    var result: [Value] = []
    result.reserveCapacity(count)
    for entry in entries {
      if case .unbound = entry.key { continue }
      result.append(entry.key)
    }
    return result
  }
}

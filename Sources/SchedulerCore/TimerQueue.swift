internal import JobModel

/// Due times by key, the earliest first. A key has one due time; setting another replaces it.
struct TimerQueue<Key: Hashable & Comparable & Sendable>: Sendable {
  private struct Entry: Sendable {
    var time: Timestamp
    var key: Key

    static func < (left: Entry, right: Entry) -> Bool {
      left.time != right.time ? left.time < right.time : left.key < right.key
    }
  }

  private var due: [Key: Timestamp] = [:]
  /// A binary heap. Entries whose key has another due time by now are skipped when they come up.
  private var heap: [Entry] = []

  init() {}

  mutating func set(_ key: Key, _ time: Timestamp?) {
    guard due[key] != time else { return }
    due[key] = time
    guard let time else { return }
    // Most entries are skipped: rebuilt from the valid ones.
    if heap.count > 64, heap.count > 4 * due.count {
      heap = due.map { Entry(time: $0.value, key: $0.key) }.sorted { $0 < $1 }
    } else {
      push(Entry(time: time, key: key))
    }
  }

  /// The earliest due time.
  mutating func next() -> Timestamp? {
    dropStale()
    return heap.first?.time
  }

  /// Removes and returns the keys that are due, the earliest first.
  mutating func takeDue(_ now: Timestamp) -> [Key] {
    var keys: [Key] = []
    while let time = next(), time <= now {
      let key = heap[0].key
      pop()
      due[key] = nil
      keys.append(key)
    }
    return keys
  }

  private mutating func dropStale() {
    while let first = heap.first, due[first.key] != first.time { pop() }
  }

  private mutating func push(_ entry: Entry) {
    heap.append(entry)
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child] < heap[parent] else { return }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  private mutating func pop() {
    guard let last = heap.popLast(), !heap.isEmpty else { return }
    heap[0] = last
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < heap.count else { return }
      if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
      guard heap[child] < heap[parent] else { return }
      heap.swapAt(child, parent)
      parent = child
    }
  }
}

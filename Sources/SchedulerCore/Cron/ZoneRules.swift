/// When a time zone is how far ahead of UTC: the contents of a TZif file (RFC 9636, formerly RFC 8536). Times are seconds
/// since 1970-01-01 UTC; local times are such seconds plus the offset.
public struct ZoneRules: Sendable, Hashable {
  /// The moments at which the offset changes, in order, and the offset from each on.
  private var transitions: [Int64] = []
  private var offsets: [Int64] = []
  /// The offset before the first transition.
  private var first: Int64
  /// The rule for times after the last transition; nil: the last offset stays.
  private var rule: YearlyRule?

  init(offset: Int64) { first = offset }

  /// Seconds that local time is ahead of UTC at a moment.
  public func offset(at time: Int64) -> Int64 {
    guard let last = transitions.last else { return rule?.offset(at: time) ?? first }
    if time >= last, let rule { return rule.offset(at: time) }
    // The number of transitions at or before the time.
    var low = 0
    var high = transitions.count
    while low < high {
      let middle = (low + high) / 2
      if transitions[middle] <= time { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? first : offsets[low - 1]
  }

  /// The meaning of a local time.
  enum Moment: Sendable, Hashable {
    case once(Int64)
    /// The clock is put back over it: it comes twice.
    case twice(Int64, Int64)
    /// The clock is put ahead over it, at this moment.
    case skipped(at: Int64)
  }

  /// The moment, or moments, of a local time.
  func moment(local: Int64) -> Moment {
    // No zone is, or was, more than a day ahead or behind; changes within that time matter.
    let changes = changes(from: local - 2 * 86_400, through: local + 2 * 86_400)
    let candidates = Set([offset(at: local - 2 * 86_400)] + changes.map { offset(at: $0) })
    let moments = candidates.map { local - $0 }.filter { $0 + offset(at: $0) == local }.sorted()
    if let first = moments.first {
      return moments.count == 1 ? .once(first) : .twice(first, moments[moments.count - 1])
    }
    let gap = changes.first { $0 + offset(at: $0) > local && $0 + offset(at: $0 - 1) <= local }
    return .skipped(at: gap ?? local - offset(at: local))
  }

  /// Whether the offset changes between two moments.
  func changesOffset(from start: Int64, through end: Int64) -> Bool { !changes(from: start, through: end).isEmpty }

  private func changes(from start: Int64, through end: Int64) -> [Int64] {
    var low = 0
    var high = transitions.count
    while low < high {
      let middle = (low + high) / 2
      if transitions[middle] < start { low = middle + 1 } else { high = middle }
    }
    var changes: [Int64] = []
    while low < transitions.count, transitions[low] <= end {
      if offset(at: transitions[low] - 1) != offset(at: transitions[low]) { changes.append(transitions[low]) }
      low += 1
    }
    if let rule, end > transitions.last ?? .min {
      changes += rule.changes(from: max(start, (transitions.last ?? .min) + 1), through: end)
    }
    return changes
  }

  // MARK: Reading

  /// Nil when the bytes are not a TZif file.
  public init?(tzif bytes: [UInt8]) {
    var reader = Reader(bytes)
    guard var header = reader.header() else { return nil }
    var timeSize = 4
    if header.version >= 2 {
      // The first block repeats the part that fits into 32 bits.
      reader.skip(header.blockSize(timeSize: 4))
      guard let second = reader.header() else { return nil }
      header = second
      timeSize = 8
    }
    guard let times = reader.integers(header.timeCount, size: timeSize), let indices = reader.bytes(header.timeCount),
      let types = reader.types(header.typeCount), !types.isEmpty, indices.allSatisfy({ Int($0) < types.count })
    else { return nil }
    reader.skip(header.characterCount + header.leapCount * (timeSize + 4) + header.standardCount + header.utcCount)
    transitions = times
    offsets = indices.map { types[Int($0)] }
    first = types[0]
    if timeSize == 8, let footer = reader.footer(), !footer.isEmpty {
      guard let parsed = YearlyRule(footer) else { return nil }
      rule = parsed
    }
  }

  private struct Header {
    var version: Int
    var utcCount: Int
    var standardCount: Int
    var leapCount: Int
    var timeCount: Int
    var typeCount: Int
    var characterCount: Int

    func blockSize(timeSize: Int) -> Int {
      timeCount * (timeSize + 1) + typeCount * 6 + characterCount + leapCount * (timeSize + 4) + standardCount
        + utcCount
    }
  }

  private struct Reader {
    private let all: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { all = bytes }

    mutating func skip(_ count: Int) { position += count }

    mutating func bytes(_ count: Int) -> [UInt8]? {
      guard count >= 0, position <= all.count, count <= all.count - position else { return nil }
      defer { position += count }
      return Array(all[position..<position + count])
    }

    mutating func integers(_ count: Int, size: Int) -> [Int64]? {
      guard let bytes = bytes(count * size) else { return nil }
      return stride(from: 0, to: bytes.count, by: size).map { start in
        let value = bytes[start..<start + size].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return size == 4 ? Int64(Int32(truncatingIfNeeded: value)) : Int64(bitPattern: value)
      }
    }

    mutating func header() -> Header? {
      guard let start = bytes(20), start.prefix(4).elementsEqual("TZif".utf8), let counts = integers(6, size: 4),
        counts.allSatisfy({ (0..<1 << 20).contains($0) })
      else { return nil }
      let numbers = counts.map { Int($0) }
      return Header(
        version: start[4] == 0 ? 1 : Int(start[4]) - Int(UInt8(ascii: "0")), utcCount: numbers[0],
        standardCount: numbers[1], leapCount: numbers[2], timeCount: numbers[3], typeCount: numbers[4],
        characterCount: numbers[5])
    }

    /// The offsets of the local time types.
    mutating func types(_ count: Int) -> [Int64]? {
      guard let bytes = bytes(count * 6) else { return nil }
      return stride(from: 0, to: bytes.count, by: 6).map { start in
        Int64(Int32(truncatingIfNeeded: bytes[start..<start + 4].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }))
      }
    }

    /// The text between the two newlines at the end.
    mutating func footer() -> String? {
      guard position < all.count, all[position] == UInt8(ascii: "\n") else { return nil }
      let rest = all[(position + 1)...]
      guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
      return String(decoding: rest[..<end], as: UTF8.self)
    }
  }
}

/// "Did you mean": the candidate nearest to a name that was not found.
package enum Suggestion {
  /// A hint, when a candidate is near enough to be meant.
  package static func hint(for name: String, among candidates: some Sequence<String>) -> String? {
    nearest(name, candidates).map { "did you mean \($0)?" }
  }

  static func nearest(_ name: String, _ candidates: some Sequence<String>) -> String? {
    let target = Array(name.utf8)
    guard target.count > 1, target.count < 64 else { return nil }
    var best: (distance: Int, name: String)?
    let limit = max(1, target.count / 3)
    for candidate in candidates where candidate != name {
      let other = Array(candidate.utf8)
      guard abs(other.count - target.count) <= limit, other.count < 64 else { continue }
      let distance = distance(target, other)
      guard distance <= limit else { continue }
      if let best, (best.distance, best.name) <= (distance, candidate) { continue }
      best = (distance, candidate)
    }
    return best?.name
  }

  /// Edits (insert, delete, replace, swap of neighbors) between two words. Differences in case and underscores are
  /// cheap.
  private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    let a = left.map(folded)
    let b = right.map(folded)
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var cost = min(last[j] + (a[i] == b[j] ? 0 : 1), row[j] + 1, last[j + 1] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
        row.append(cost)
      }
      (beforeLast, last) = (last, row)
    }
    return last[b.count]
  }

  private static func folded(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }
}

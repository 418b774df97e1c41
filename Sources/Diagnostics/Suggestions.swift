/// "Did you mean": the names nearest to a misspelt one.
public enum Suggestions {
  /// The candidates nearest to `name`, best first: at most a third of its length (and at least 2) edits away, or
  /// beginning with it.
  public static func nearest(to name: String, among candidates: some Sequence<String>, limit: Int = 3) -> [String] {
    let bound = max(2, name.utf8.count / 3)
    var found: [(distance: Int, name: String)] = []
    for candidate in candidates where candidate != name {
      if !name.isEmpty, candidate.hasPrefix(name) {
        found.append((1, candidate))
      } else if let distance = editDistance(name, candidate, bound: bound) {
        found.append((distance, candidate))
      }
    }
    found.sort { ($0.distance, $0.name) < ($1.distance, $1.name) }
    return found.prefix(limit).map(\.name)
  }

  /// A remedy such as `did you mean "a" or "b"?`, or nil if no name is similar.
  public static func remedy(for name: String, among candidates: some Sequence<String>) -> String? {
    let names = nearest(to: name, among: candidates).map { "\"\($0)\"" }
    guard let last = names.last else { return nil }
    let rest = names.dropLast().joined(separator: ", ")
    return "did you mean \(rest.isEmpty ? last : "\(rest) or \(last)")?"
  }

  /// The number of single-byte insertions, deletions, replacements and swaps of neighbours (optimal string alignment)
  /// that turn one into the other; nil when above `bound`.
  static func editDistance(_ first: String, _ second: String, bound: Int) -> Int? {
    let a = Array(first.utf8), b = Array(second.utf8)
    guard abs(a.count - b.count) <= bound else { return nil }
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for i in 0..<a.count {
      var row = [i + 1] + [Int](repeating: 0, count: b.count)
      for j in 0..<b.count {
        row[j + 1] = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          row[j + 1] = min(row[j + 1], beforeLast[j - 1] + 1)
        }
      }
      beforeLast = last
      last = row
    }
    return last[b.count] <= bound ? last[b.count] : nil
  }
}

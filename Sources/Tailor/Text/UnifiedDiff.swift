/// The difference of two texts, line by line, in the form of `diff -u`.
enum UnifiedDiff {
  private static let context = 3

  /// One line of the merged text: kept, removed or added.
  private struct Line {
    var mark: Character
    var text: ArraySlice<UInt8>
  }

  /// The difference; empty where there is none.
  static func text(from old: [UInt8], to new: [UInt8], names: (old: String, new: String)) -> String {
    let merged = merge(lines(of: old), lines(of: new))
    guard merged.contains(where: { $0.mark != " " }) else { return "" }
    var result = "--- \(names.old)\n+++ \(names.new)\n"
    var index = 0
    var (oldLine, newLine) = (1, 1)
    func advance(_ line: Line) {
      if line.mark != "+" { oldLine += 1 }
      if line.mark != "-" { newLine += 1 }
    }
    while let change = merged[index...].firstIndex(where: { $0.mark != " " }) {
      let start = max(index, change - context)
      for line in merged[index..<start] { advance(line) }
      // A hunk continues while the next change is nearer than two contexts.
      var end = change
      while let next = merged[end...].firstIndex(where: { $0.mark != " " }), next - end <= 2 * context {
        end = next + 1
      }
      end = min(merged.count, end + context)
      let hunk = merged[start..<end]
      let counts = (old: hunk.count { $0.mark != "+" }, new: hunk.count { $0.mark != "-" })
      func range(_ line: Int, _ count: Int) -> String { "\(count == 0 ? line - 1 : line),\(count)" }
      result += "@@ -\(range(oldLine, counts.old)) +\(range(newLine, counts.new)) @@\n"
      for line in hunk {
        result += String(line.mark) + String(decoding: line.text, as: UTF8.self)
        if line.text.last != 0x0A { result += "\n\\ No newline at end of file\n" }
        advance(line)
      }
      index = end
    }
    return result
  }

  /// The lines with their ends.
  private static func lines(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    var result: [ArraySlice<UInt8>] = []
    var start = 0
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: 0x0A).map { $0 + 1 } ?? bytes.count
      result.append(bytes[start..<end])
      start = end
    }
    return result
  }

  private static func merge(_ old: [ArraySlice<UInt8>], _ new: [ArraySlice<UInt8>]) -> [Line] {
    var removed: Set<Int> = []
    var inserted: Set<Int> = []
    for change in new.difference(from: old) {
      switch change {
      case .remove(let offset, _, _): removed.insert(offset)
      case .insert(let offset, _, _): inserted.insert(offset)
      }
    }
    var result: [Line] = []
    var (left, right) = (0, 0)
    while left < old.count || right < new.count {
      if left < old.count, removed.contains(left) {
        result.append(Line(mark: "-", text: old[left]))
        left += 1
      } else if right < new.count, inserted.contains(right) {
        result.append(Line(mark: "+", text: new[right]))
        right += 1
      } else {
        result.append(Line(mark: " ", text: old[left]))
        left += 1
        right += 1
      }
    }
    return result
  }
}

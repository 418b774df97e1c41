/// The part of a BUILD file that a message underlines; nil where it shows none.
func marked(in message: String) -> String? {
  let lines = message.split(separator: "\n", omittingEmptySubsequences: false)
  guard let carets = lines.firstIndex(where: { $0.contains("^") && $0.contains("| ") }), carets > 0 else { return nil }
  guard let start = lines[carets].firstIndex(of: "^") else { return nil }
  let offset = lines[carets].distance(from: lines[carets].startIndex, to: start)
  let width = lines[carets].count { $0 == "^" }
  return String(lines[carets - 1].dropFirst(offset).prefix(width))
}

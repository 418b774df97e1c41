/// The line of a help text that shows how a command is called, which the argument parser does not wrap.
enum UsageLine {
  private static let label = "USAGE: "
  private static let columns = 80

  /// Returns a help text whose usage line is wrapped between options.
  static func wrap(_ help: String) -> String {
    help.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.hasPrefix(label) && line.count > columns ? wrapped(line) : String(line)
    }.joined(separator: "\n")
  }

  private static func wrapped(_ line: Substring) -> String {
    let margin = String(repeating: " ", count: label.count)
    var lines = [""]
    for unit in units(line) {
      if !lines[lines.count - 1].isEmpty, lines[lines.count - 1].count + 1 + unit.count > columns {
        lines.append(margin + unit)
      } else {
        lines[lines.count - 1] += (lines[lines.count - 1].isEmpty ? "" : " ") + unit
      }
    }
    return lines.joined(separator: "\n")
  }

  /// The words of a usage line; an option stays with its value.
  private static func units(_ line: Substring) -> [String] {
    var units: [String] = []
    var isOpen = false
    for word in line.split(separator: " ") {
      let continues = isOpen || (word.hasPrefix("<") && units.last?.hasPrefix("--") == true) || word == "..."
      if continues, let last = units.popLast() {
        units.append("\(last) \(word)")
      } else {
        units.append(String(word))
      }
      isOpen = (isOpen || word.hasPrefix("[")) && !word.hasSuffix("]")
    }
    return units
  }
}

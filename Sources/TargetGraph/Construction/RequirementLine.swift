/// The part of a requirement that the graph needs: the name of its package. The resolver of versions reads its
/// constraints.
public struct RequirementLine: Hashable, Sendable {
  /// The project's name as written.
  public var name: String
  /// The whole requirement.
  public var text: String
  /// The line in its file, from 1; 0 for one written in a BUILD file.
  public var line: Int
  /// The SHA-256 digests of accepted files, in hexadecimal; empty accepts the index's files.
  public var hashes: [String] = []

  /// The requirement that a text begins with a name of (PEP 508); nil when it does not.
  public init?(_ text: String, line: Int = 0) {
    let trimmed = text.drop { $0 == " " || $0 == "\t" }
    let name = trimmed.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
    guard let first = name.first, first.isLetter || first.isNumber else { return nil }
    self.name = String(name)
    self.text = String(trimmed)
    self.line = line
  }

  /// The name in the form in which projects are compared (PEP 503).
  public var normalizedName: String { Self.normalize(name) }

  /// A name in the form in which projects are compared (PEP 503).
  public static func normalize(_ name: String) -> String {
    var result = ""
    var pending = false
    for byte in name.utf8 {
      switch byte {
      case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): pending = true
      default:
        if pending { result += "-" }
        pending = false
        let isUpper = UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
        result.unicodeScalars.append(Unicode.Scalar(isUpper ? byte | 0x20 : byte))
      }
    }
    return pending ? result + "-" : result
  }

  /// The requirements of a requirements file, without options, comments and hashes.
  public static func parse(file text: String) -> [RequirementLine] {
    logicalLines(of: text).compactMap { RequirementLine($0.words.joined(separator: " "), line: $0.line) }
  }

  /// A line of a requirements file: continued lines joined, comments taken out.
  struct LogicalLine {
    /// The text before the first option of the line, split at white space; only options if the line begins with one.
    var words: [String]
    /// The line's own options after a requirement, such as `--hash=sha256:…`.
    var options: [String]
    /// From 1.
    var line: Int
  }

  static func logicalLines(of text: String) -> [LogicalLine] {
    var found: [LogicalLine] = []
    var pending = ""
    var start = 0
    let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
    for (index, raw) in lines.enumerated() {
      var line = raw
      if pending.isEmpty { start = index + 1 }
      if let hash = Self.commentStart(line) { line = line[..<hash] }
      if line.hasSuffix("\\") {
        pending += line.dropLast()
        continue
      }
      let words = (pending + line).split { $0 == " " || $0 == "\t" }.map(String.init)
      pending = ""
      guard let first = words.first else { continue }
      let end = first.hasPrefix("-") ? words.count : words.firstIndex { $0.hasPrefix("--") } ?? words.count
      found.append(LogicalLine(words: Array(words[..<end]), options: Array(words[end...]), line: start))
    }
    return found
  }

  /// The start of a comment: at the start of the line, or after white space.
  private static func commentStart(_ line: Substring) -> Substring.Index? {
    var previous: Character = " "
    for index in line.indices {
      if line[index] == "#", previous == " " || previous == "\t" { return index }
      previous = line[index]
    }
    return nil
  }
}

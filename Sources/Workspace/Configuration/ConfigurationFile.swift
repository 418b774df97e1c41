internal import Diagnostics
internal import TOMLKit

/// A TOML file as values, with the places of its keys for messages.
struct ConfigurationFile {
  indirect enum Value {
    case string(String)
    case bool(Bool)
    case int(Int)
    case array([Value])
    case table([String: Value])
    case other

    var kindName: String {
      switch self {
      case .string: "a string"
      case .bool: "a boolean"
      case .int: "an integer"
      case .array: "an array"
      case .table: "a table"
      case .other: "a number or a date"
      }
    }
  }

  let path: String
  let text: String
  let root: [String: Value]

  /// Parses a file. Throws a `Diagnostic` that points at what is not TOML.
  init(path: String, text: String) throws {
    self.path = path
    self.text = text
    do {
      root = Self.table(try TOMLTable(string: text))
    } catch let error as TOMLParseError {
      let begin = error.source.begin
      let location = SourceLocation(
        path: path, line: begin.line, column: begin.column, lineText: Self.line(begin.line, of: text))
      throw Diagnostic(.input, "\"\(path)\" is not TOML: \(error.description)", at: location)
    }
  }

  private static func table(_ table: TOMLTable) -> [String: Value] {
    var result: [String: Value] = [:]
    for key in table.keys { if let value = table[key] { result[key] = Self.value(value) } }
    return result
  }

  private static func value(_ value: any TOMLValueConvertible) -> Value {
    if let table = value.table { return .table(Self.table(table)) }
    if let array = value.array { return .array(array.map { Self.value($0) }) }
    if let bool = value.bool { return .bool(bool) }
    if let text = value.string { return .string(text) }
    if let int = value.int { return .int(int) }
    return .other
  }

  private static func line(_ number: Int, of text: String) -> String? {
    let lines = text.split(separator: "\n", maxSplits: number, omittingEmptySubsequences: false)
    return number >= 1 && number <= lines.count ? String(lines[number - 1]) : nil
  }

  /// Where a key of a table stands, found in the text; nil when it is written in a way that is not looked for.
  func location(table: String, key: String? = nil) -> SourceLocation? {
    var current = ""
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let trimmed = line.drop { $0 == " " || $0 == "\t" }
      let indent = line.utf8.count - trimmed.utf8.count
      if trimmed.hasPrefix("["), let end = trimmed.firstIndex(of: "]") {
        current = trimmed[..<end].drop { $0 == "[" }.filter { $0 != " " && $0 != "\"" }
        let parts = current.split(separator: ".")
        if let key, current == (table.isEmpty ? key : table + "." + key) || (table.isEmpty && parts.first ?? "" == key)
        {
          return place(index, indent + 1, length: current.utf8.count, line)
        }
        if key == nil, current == table { return place(index, indent + 1, length: current.utf8.count, line) }
      } else if let key, current == table {
        let name = trimmed.prefix { $0 != "=" && $0 != " " && $0 != "." }.filter { $0 != "\"" }
        if name == key { return place(index, indent, length: key.utf8.count, line) }
      }
    }
    return nil
  }

  private func place(_ index: Int, _ offset: Int, length: Int, _ line: Substring) -> SourceLocation {
    SourceLocation(path: path, line: index + 1, column: offset + 1, length: length, lineText: String(line))
  }
}

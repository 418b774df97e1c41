internal import JSON

/// Reads one text. What is wrong is an error with its place; a few texts that TOML forbids (a table that both dotted keys
/// and a header define) are read as their union.
struct TOMLReader {
  private var scanner: TOMLScanner
  private let recordsKeys: Bool
  /// Where the keys stand, by their path: the first time each is mentioned.
  private(set) var keys: [[String]: Range<Int>] = [:]
  private static let maximumDepth = 64

  typealias Failure = TOMLDocument.Failure

  init(_ bytes: [UInt8], recordsKeys: Bool) {
    scanner = TOMLScanner(bytes: bytes)
    self.recordsKeys = recordsKeys
  }

  mutating func document() throws(Failure) -> JSONObject {
    let root = TOMLTable()
    var current = root
    var header: [String]? = []
    while skipToContent() {
      if scanner.take("[[") {
        let path = try key(in: [])
        guard scanner.take("]]") else { throw fail("expected \"]]\"") }
        current = try appendTable(path, in: root)
        // One path stands for all elements of an array: what is in them has no place of its own.
        header = nil
      } else if scanner.take(UInt8(ascii: "[")) {
        let start = scanner.position
        let path = try key(in: [])
        guard scanner.take(UInt8(ascii: "]")) else { throw fail("expected \"]\"") }
        current = try table(path[...], in: root)
        guard !current.isDefined else { throw fail("the table is given twice", at: start) }
        current.isDefined = true
        header = path
      } else {
        try member(of: current, path: header, depth: 0)
      }
      try endLine()
    }
    return root.json
  }

  /// One `key = value` of the table at a path; without a path, no places are noted.
  private mutating func member(of table: TOMLTable, path prefix: [String]?, depth: Int) throws(Failure) {
    let start = scanner.position
    let whole = try key(in: prefix)
    var path = whole[...]
    guard let last = path.popLast() else { throw fail("expected a key") }
    guard scanner.take(UInt8(ascii: "=")) else { throw fail("expected \"=\"") }
    let target = try self.table(path, in: table)
    skipBlanks()
    guard target.members[last] == nil else { throw fail("\"\(last)\" is given twice", at: start) }
    let value = try value(path: prefix.map { $0 + whole }, depth: depth)
    target.set(last, value)
  }

  /// The table at a path, made where it is missing; of an array of tables, the last one.
  private func table(_ path: ArraySlice<String>, in root: TOMLTable) throws(Failure) -> TOMLTable {
    var current = root
    for name in path {
      switch current.members[name] {
      case nil:
        let new = TOMLTable()
        current.set(name, .table(new))
        current = new
      case .table(let next): current = next
      case .tables(let list): current = list[list.count - 1]
      case .value: throw fail("\"\(name)\" is no table")
      }
    }
    return current
  }

  private func appendTable(_ path: [String], in root: TOMLTable) throws(Failure) -> TOMLTable {
    guard let name = path.last else { throw fail("expected a key") }
    let parent = try table(path.dropLast(), in: root)
    let new = TOMLTable()
    switch parent.members[name] {
    case nil: parent.set(name, .tables([new]))
    case .tables(let list): parent.set(name, .tables(list + [new]))
    default: throw fail("\"\(name)\" is no array of tables")
    }
    return new
  }

  // MARK: Keys and values

  /// A dotted key below a path; noted with its place.
  private mutating func key(in prefix: [String]?) throws(Failure) -> [String] {
    var parts: [String] = []
    repeat {
      skipBlanks()
      let start = scanner.position
      if scanner.peek == UInt8(ascii: "\"") || scanner.peek == UInt8(ascii: "'") {
        parts.append(try string())
      } else {
        let part = scanner.text { $0.isAlphanumeric || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
        guard !part.isEmpty else { throw fail("expected a key") }
        parts.append(part)
      }
      if recordsKeys, let prefix {
        let path = prefix + parts
        if keys[path] == nil { keys[path] = start..<scanner.position }
      }
      skipBlanks()
    } while scanner.take(UInt8(ascii: "."))
    return parts
  }

  private mutating func value(path: [String]? = nil, depth: Int) throws(Failure) -> TOMLTable.Member {
    guard depth < Self.maximumDepth else { throw fail("nested too deep") }
    switch scanner.peek {
    case UInt8(ascii: "\""), UInt8(ascii: "'"): return .value(.string(try string()))
    case UInt8(ascii: "["): return .value(.array(try array(depth: depth)))
    case UInt8(ascii: "{"): return .table(try inlineTable(path: path, depth: depth))
    default: return .value(try scalar())
    }
  }

  private mutating func array(depth: Int) throws(Failure) -> [JSONValue] {
    scanner.position += 1
    var elements: [JSONValue] = []
    while skipToContent(), !scanner.take(UInt8(ascii: "]")) {
      elements.append(try value(depth: depth + 1).json)
      guard skipToContent() else { break }
      if scanner.take(UInt8(ascii: "]")) { return elements }
      guard scanner.take(UInt8(ascii: ",")) else { throw fail("expected \",\" or \"]\"") }
    }
    guard !scanner.isAtEnd || scanner.bytes.last == UInt8(ascii: "]") else { throw fail("an array without end") }
    return elements
  }

  private mutating func inlineTable(path: [String]?, depth: Int) throws(Failure) -> TOMLTable {
    scanner.position += 1
    let table = TOMLTable()
    // Line breaks and a comma at the end are of TOML 1.1; to accept them harms nobody.
    while skipToContent(), !scanner.take(UInt8(ascii: "}")) {
      try member(of: table, path: path, depth: depth + 1)
      guard skipToContent() else { throw fail("an inline table without end") }
      if scanner.take(UInt8(ascii: "}")) { return table }
      guard scanner.take(UInt8(ascii: ",")) else { throw fail("expected \",\" or \"}\"") }
    }
    return table
  }

  /// A boolean, a number, or the text of a date.
  private mutating func scalar() throws(Failure) -> JSONValue {
    let text = scanner.text { $0.isAlphanumeric || "+-_.:".utf8.contains($0) }
    switch text {
    case "": throw fail("expected a value")
    case "true": return .bool(true)
    case "false": return .bool(false)
    default: break
    }
    let digits = text.filter { $0 != "_" }
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where digits.hasPrefix(prefix) {
      guard let number = Int64(digits.dropFirst(2), radix: radix) else { throw fail("not a number: \(text)") }
      return .int(number)
    }
    if let number = Int64(digits) { return .int(number) }
    if text.dropFirst(4).first == "-" || text.dropFirst(2).first == ":" { return .string(text) }
    guard let number = Double(digits) else { throw fail("not a value: \(text)") }
    return .double(number)
  }

  // MARK: Strings

  private mutating func string() throws(Failure) -> String {
    for (fence, isLiteral) in [("\"\"\"" as StaticString, false), ("'''", true)] where scanner.take(fence) {
      if !scanner.take(UInt8(ascii: "\n")) { _ = scanner.take("\r\n") }
      return try string(until: fence, isLiteral: isLiteral, mayBreak: true)
    }
    if scanner.take(UInt8(ascii: "'")) { return try string(until: "'", isLiteral: true, mayBreak: false) }
    scanner.position += 1
    return try string(until: "\"", isLiteral: false, mayBreak: false)
  }

  private mutating func string(until fence: StaticString, isLiteral: Bool, mayBreak: Bool) throws(Failure) -> String {
    var content: [UInt8] = []
    while let byte = scanner.peek {
      if scanner.take(fence) {
        // Up to two quotes may stand before the closing three.
        while fence.utf8CodeUnitCount == 3, scanner.take(fence.utf8Start[0]) { content.append(fence.utf8Start[0]) }
        return String(decoding: content, as: UTF8.self)
      }
      scanner.position += 1
      if byte == UInt8(ascii: "\n"), !mayBreak { throw fail("a string without end") }
      if byte == UInt8(ascii: "\\"), !isLiteral {
        try escape(into: &content, mayBreak: mayBreak)
      } else {
        content.append(byte)
      }
    }
    throw fail("a string without end")
  }

  private mutating func escape(into content: inout [UInt8], mayBreak: Bool) throws(Failure) {
    guard let byte = scanner.peek else { throw fail("a string without end") }
    scanner.position += 1
    switch byte {
    case UInt8(ascii: "b"): content.append(8)
    case UInt8(ascii: "t"): content.append(9)
    case UInt8(ascii: "n"): content.append(10)
    case UInt8(ascii: "f"): content.append(12)
    case UInt8(ascii: "r"): content.append(13)
    case UInt8(ascii: "e"): content.append(27)
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): content.append(byte)
    case UInt8(ascii: "u"), UInt8(ascii: "U"):
      let count = byte == UInt8(ascii: "u") ? 4 : 8
      let digits = scanner.bytes[scanner.position...].prefix(count)
      guard digits.count == count, let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16),
        let scalar = Unicode.Scalar(code)
      else { throw fail("an escape that is no character") }
      scanner.position += count
      content.append(contentsOf: Array(String(Character(scalar)).utf8))
    case 9, 10, 13, 32:
      guard mayBreak else { throw fail("unknown escape") }
      scanner.skip { $0 == 9 || $0 == 10 || $0 == 13 || $0 == 32 }
    default: throw fail("unknown escape")
    }
  }

  // MARK: Space

  private mutating func skipBlanks() { scanner.skip { $0 == 32 || $0 == 9 } }

  /// Skips white space, line breaks and comments. Whether anything is left.
  private mutating func skipToContent() -> Bool {
    while true {
      scanner.skip { $0 == 32 || $0 == 9 || $0 == 10 || $0 == 13 }
      guard scanner.peek == UInt8(ascii: "#") else { return !scanner.isAtEnd }
      scanner.skip { $0 != 10 }
    }
  }

  private mutating func endLine() throws(Failure) {
    skipBlanks()
    if scanner.peek == UInt8(ascii: "#") { scanner.skip { $0 != 10 } }
    guard scanner.isAtEnd || scanner.take(UInt8(ascii: "\n")) || scanner.take("\r\n") else {
      throw fail("expected the end of the line")
    }
  }

  private func fail(_ message: String, at position: Int? = nil) -> Failure {
    let place = TOMLDocument.place(of: position ?? scanner.position, in: scanner.bytes)
    return Failure(line: place.line, column: place.column, message: message)
  }
}

/// A table while it is read: headers further down add to it.
private final class TOMLTable {
  enum Member {
    case value(JSONValue)
    case table(TOMLTable)
    case tables([TOMLTable])

    var json: JSONValue {
      switch self {
      case .value(let value): value
      case .table(let table): .object(table.json)
      case .tables(let tables): .array(tables.map { .object($0.json) })
      }
    }
  }
  /// A header of its own was seen.
  var isDefined = false
  private(set) var members: [String: Member] = [:]
  private var order: [String] = []

  func set(_ name: String, _ member: Member) {
    if members.updateValue(member, forKey: name) == nil { order.append(name) }
  }

  var json: JSONObject { JSONObject(order.compactMap { name in members[name].map { (name, $0.json) } }) }
}

internal import JSON

/// Reads one text, strictly. A problem is an error with its location.
struct TOMLReader {
  var scanner: TOMLScanner
  private let recordsKeys: Bool
  /// The locations of the keys, by their path: the first time each is mentioned.
  private(set) var keys: [[String]: Range<Int>] = [:]
  static let maximumDepth = 64

  typealias Failure = TOMLDocument.Failure

  init(_ bytes: [UInt8], recordsKeys: Bool) {
    scanner = TOMLScanner(bytes: bytes)
    self.recordsKeys = recordsKeys
  }

  mutating func document() throws(Failure) -> JSONObject {
    // A byte order mark.
    _ = scanner.take("\u{FEFF}")
    let root = TOMLTable(.header)
    var current = root
    var header: [String]? = []
    while try skipToContent() {
      if scanner.take("[[") {
        let path = try key(in: [])
        guard scanner.take("]]") else { throw fail("expected \"]]\"") }
        current = try appendTable(path, in: root)
        // One path represents all elements of an array: keys in the elements have no location of their own.
        header = nil
      } else if scanner.take(UInt8(ascii: "[")) {
        let start = scanner.position
        let path = try key(in: [])
        guard scanner.take(UInt8(ascii: "]")) else { throw fail("expected \"]\"") }
        current = try headerTable(path, in: root, at: start)
        header = path
      } else {
        try member(of: current, path: header, depth: 0)
      }
      try endLine()
    }
    return root.json
  }

  // MARK: Tables

  /// The table of a header; one that only headers below it have made so far is defined now.
  private func headerTable(_ path: [String], in root: TOMLTable, at start: Int) throws(Failure) -> TOMLTable {
    let parent = try table(path.dropLast(), in: root)
    guard let name = path.last else { return root }
    switch parent[name] {
    case nil:
      let new = TOMLTable(.header)
      parent.set(name, .table(new))
      return new
    case .table(let table) where table.origin == .implied:
      table.origin = .header
      return table
    case .table: throw fail("the table is given twice", at: start)
    case .tables, .value: throw fail("\"\(name)\" is not a table", at: start)
    }
  }

  private func appendTable(_ path: [String], in root: TOMLTable) throws(Failure) -> TOMLTable {
    let parent = try table(path.dropLast(), in: root)
    guard let name = path.last else { return root }
    let new = TOMLTable(.header)
    switch parent[name] {
    case nil: parent.set(name, .tables([new]))
    case .tables(let list): parent.set(name, .tables(list + [new]))
    case .table, .value: throw fail("\"\(name)\" is not an array of tables")
    }
    return new
  }

  /// The parent table of a header, created if it is missing; of an array of tables, the last one.
  private func table(_ path: ArraySlice<String>, in root: TOMLTable) throws(Failure) -> TOMLTable {
    var current = root
    for name in path {
      switch current[name] {
      case nil:
        let new = TOMLTable(.implied)
        current.set(name, .table(new))
        current = new
      case .table(let next) where next.origin != .inline: current = next
      case .tables(let list): current = list[list.count - 1]
      case .table, .value: throw fail("\"\(name)\" is not a table that can be added to")
      }
    }
    return current
  }

  /// One `key = value` of the table at a path; without a path, no places are noted.
  mutating func member(of table: TOMLTable, path prefix: [String]?, depth: Int) throws(Failure) {
    let start = scanner.position
    let whole = try key(in: prefix)
    guard scanner.take(UInt8(ascii: "=")) else { throw fail("expected \"=\"") }
    skipBlanks()
    var current = table
    for name in whole.dropLast() {
      switch current[name] {
      case nil:
        let new = TOMLTable(.dotted)
        current.set(name, .table(new))
        current = new
      case .table(let next) where next.origin == .dotted || next.origin == .implied:
        // From now on no header can define it.
        next.origin = .dotted
        current = next
      case .table, .tables, .value: throw fail("\"\(name)\" is not a table that can be added to", at: start)
      }
    }
    guard let last = whole.last, current[last] == nil else {
      throw fail("\"\(whole.last ?? "")\" is given twice", at: start)
    }
    let value = try value(path: prefix.map { $0 + whole }, depth: depth)
    current.set(last, value)
  }

  // MARK: Keys

  /// A dotted key below a path; noted with its place.
  private mutating func key(in prefix: [String]?) throws(Failure) -> [String] {
    var parts: [String] = []
    repeat {
      skipBlanks()
      let start = scanner.position
      if scanner.peek == UInt8(ascii: "\"") || scanner.peek == UInt8(ascii: "'") {
        parts.append(try string(mayBreak: false))
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
      // A dotted key creates a table for each leading part.
      guard parts.count <= Self.maximumDepth else { throw fail("nested too deep") }
    } while scanner.take(UInt8(ascii: "."))
    return parts
  }

  // MARK: Space

  mutating func skipBlanks() { scanner.skip { $0 == 32 || $0 == 9 } }

  /// Skips white space, line breaks and comments.
  ///
  /// - Returns: whether anything is left.
  mutating func skipToContent() throws(Failure) -> Bool {
    while true {
      skipBlanks()
      if scanner.peek == UInt8(ascii: "#") {
        try comment()
      } else if !takeLineBreak() {
        return !scanner.isAtEnd
      }
    }
  }

  private mutating func endLine() throws(Failure) {
    skipBlanks()
    if scanner.peek == UInt8(ascii: "#") { try comment() }
    guard scanner.isAtEnd || takeLineBreak() else { throw fail("expected the end of the line") }
  }

  mutating func takeLineBreak() -> Bool { scanner.take(UInt8(ascii: "\n")) || scanner.take("\r\n") }

  private mutating func comment() throws(Failure) {
    while let byte = scanner.peek, byte != 10, !scanner.isAt("\r\n") {
      guard !byte.isControl else { throw fail("a control character in a comment") }
      scanner.position += 1
    }
  }

  func fail(_ message: String, at position: Int? = nil) -> Failure {
    let place = TOMLDocument.place(of: position ?? scanner.position, in: scanner.bytes)
    return Failure(line: place.line, column: place.column, message: message)
  }
}

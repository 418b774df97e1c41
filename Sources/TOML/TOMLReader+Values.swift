internal import JSON

extension TOMLReader {
  mutating func value(path: [String]? = nil, depth: Int) throws(Failure) -> TOMLTable.Member {
    guard depth < Self.maximumDepth else { throw fail("nested too deep") }
    switch scanner.peek {
    case UInt8(ascii: "\""), UInt8(ascii: "'"): return .value(.string(try string(mayBreak: true)))
    case UInt8(ascii: "["): return .value(.array(try array(depth: depth)))
    case UInt8(ascii: "{"): return .table(try inlineTable(path: path, depth: depth))
    default: return .value(try scalar())
    }
  }

  private mutating func array(depth: Int) throws(Failure) -> [JSONValue] {
    let start = scanner.position
    scanner.position += 1
    var elements: [JSONValue] = []
    while try skipToContent() {
      if scanner.take(UInt8(ascii: "]")) { return elements }
      elements.append(try value(depth: depth + 1).json)
      guard try skipToContent() else { break }
      if scanner.take(UInt8(ascii: "]")) { return elements }
      guard scanner.take(UInt8(ascii: ",")) else { throw fail("expected \",\" or \"]\"") }
    }
    throw fail("an array without end", at: start)
  }

  /// Line breaks and a comma at the end are of TOML 1.1.
  private mutating func inlineTable(path: [String]?, depth: Int) throws(Failure) -> TOMLTable {
    let start = scanner.position
    scanner.position += 1
    let table = TOMLTable(.inline)
    while try skipToContent() {
      if scanner.take(UInt8(ascii: "}")) { return table }
      try member(of: table, path: path, depth: depth + 1)
      guard try skipToContent() else { break }
      if scanner.take(UInt8(ascii: "}")) { return table }
      guard scanner.take(UInt8(ascii: ",")) else { throw fail("expected \",\" or \"}\"") }
    }
    throw fail("an inline table without end", at: start)
  }

  /// A boolean, a number, or the text of a date or time.
  private mutating func scalar() throws(Failure) -> JSONValue {
    let start = scanner.position
    func isPart(_ byte: UInt8) -> Bool { byte.isAlphanumeric || "+-_.:".utf8.contains(byte) }
    var text = scanner.text(while: isPart)
    switch text {
    case "": throw fail("expected a value")
    case "true": return .bool(true)
    case "false": return .bool(false)
    default: break
    }
    // A date and a time can have a space between them.
    if TOMLDate.isDate(text), scanner.peek == 32, scanner.position + 1 < scanner.bytes.count,
      UInt8(ascii: "0")...UInt8(ascii: "9") ~= scanner.bytes[scanner.position + 1]
    {
      scanner.position += 1
      text += " " + scanner.text(while: isPart)
    }
    if let number = TOMLNumber.value(of: text) { return number }
    guard TOMLDate.isValid(text) else { throw fail("not a value: \(text)", at: start) }
    return .string(text)
  }
}

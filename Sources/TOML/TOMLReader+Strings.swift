extension TOMLReader {
  /// - Parameter mayBreak: whether the string can span several lines: a key cannot.
  mutating func string(mayBreak: Bool) throws(Failure) -> String {
    if mayBreak {
      for (fence, isLiteral) in [("\"\"\"" as StaticString, false), ("'''", true)] where scanner.take(fence) {
        _ = takeLineBreak()
        return try string(until: fence, isLiteral: isLiteral)
      }
    }
    if scanner.take(UInt8(ascii: "'")) { return try string(until: "'", isLiteral: true) }
    scanner.position += 1
    return try string(until: "\"", isLiteral: false)
  }

  private mutating func string(until fence: StaticString, isLiteral: Bool) throws(Failure) -> String {
    let start = scanner.position
    let isLong = fence.utf8CodeUnitCount == 3
    var content: [UInt8] = []
    while let byte = scanner.peek {
      if scanner.take(fence) {
        // Up to two quotes can precede the closing three.
        var more = 0
        while isLong, more < 2, scanner.take(fence.utf8Start[0]) {
          content.append(fence.utf8Start[0])
          more += 1
        }
        return String(decoding: content, as: UTF8.self)
      }
      if isLong, byte == 10 || scanner.isAt("\r\n") {
        // Unchanged: Python's reader turns both into one kind of line break, and so does this reader.
        _ = takeLineBreak()
        content.append(10)
        continue
      }
      if byte == 10 { break }
      guard !byte.isControl else { throw fail("a control character in a string") }
      scanner.position += 1
      if byte == UInt8(ascii: "\\"), !isLiteral {
        try escape(into: &content, isLong: isLong)
      } else {
        content.append(byte)
      }
    }
    throw fail("a string without end", at: start)
  }

  private mutating func escape(into content: inout [UInt8], isLong: Bool) throws(Failure) {
    guard let byte = scanner.peek else { throw fail("a string without end") }
    if isLong, byte == 32 || byte == 9 || byte == 10 || byte == 13 {
      // At the end of a line, the backslash and the following white space are dropped.
      skipBlanks()
      guard takeLineBreak() else { throw fail("unknown escape") }
      repeat { skipBlanks() } while takeLineBreak()
      return
    }
    scanner.position += 1
    switch byte {
    case UInt8(ascii: "b"): content.append(8)
    case UInt8(ascii: "t"): content.append(9)
    case UInt8(ascii: "n"): content.append(10)
    case UInt8(ascii: "f"): content.append(12)
    case UInt8(ascii: "r"): content.append(13)
    case UInt8(ascii: "e"): content.append(27)
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): content.append(byte)
    case UInt8(ascii: "x"): try character(digits: 2, into: &content)
    case UInt8(ascii: "u"): try character(digits: 4, into: &content)
    case UInt8(ascii: "U"): try character(digits: 8, into: &content)
    default: throw fail("unknown escape", at: scanner.position - 1)
    }
  }

  private mutating func character(digits count: Int, into content: inout [UInt8]) throws(Failure) {
    let digits = scanner.bytes[scanner.position...].prefix(count)
    guard digits.count == count, digits.allSatisfy(\.isAlphanumeric),
      let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16), let scalar = Unicode.Scalar(code)
    else { throw fail("an escape that is not a character") }
    scanner.position += count
    content.append(contentsOf: Array(String(Character(scalar)).utf8))
  }
}

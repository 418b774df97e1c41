/// Reads a text's bytes from front to back, for the small grammars of Python packaging.
struct ByteScanner {
  let bytes: [UInt8]
  var position = 0

  init(_ text: some StringProtocol) { bytes = Array(text.utf8) }

  var peek: UInt8? { position < bytes.count ? bytes[position] : nil }
  var isAtEnd: Bool { position >= bytes.count }

  func peek(_ offset: Int) -> UInt8? { position + offset < bytes.count ? bytes[position + offset] : nil }

  mutating func take(_ byte: UInt8) -> Bool {
    guard peek == byte else { return false }
    position += 1
    return true
  }

  /// Consumes an ASCII text; with `ignoringCase`, the text must be in lower case.
  mutating func take(_ text: StaticString, ignoringCase: Bool = false) -> Bool {
    guard position + text.utf8CodeUnitCount <= bytes.count else { return false }
    for offset in 0..<text.utf8CodeUnitCount {
      let byte = bytes[position + offset]
      guard (ignoringCase ? byte.lowercase : byte) == text.utf8Start[offset] else { return false }
    }
    position += text.utf8CodeUnitCount
    return true
  }

  mutating func skip(while matches: (UInt8) -> Bool) {
    while let byte = peek, matches(byte) { position += 1 }
  }

  mutating func skipSpace() { skip(while: \.isSpace) }

  /// Skips the white space of PEP 508's grammar: a line's end is none.
  mutating func skipBlanks() { skip { $0 == 0x20 || $0 == 0x09 } }

  /// The bytes up to where `matches` ends, as text.
  mutating func text(while matches: (UInt8) -> Bool) -> String {
    let start = position
    skip(while: matches)
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  /// A run of decimal digits that fits 64 bits; nil, without consuming anything, if there is none or it does not fit.
  mutating func number() -> UInt64? {
    let start = position
    var value: UInt64 = 0
    while let byte = peek, byte.isDigit {
      let (scaled, overflow1) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflow2) = scaled.addingReportingOverflow(UInt64(byte - 48))
      guard !overflow1, !overflow2 else {
        position = start
        return nil
      }
      value = sum
      position += 1
    }
    return position > start ? value : nil
  }
}

extension UInt8 {
  var isDigit: Bool { self &- 48 < 10 }
  var isLetter: Bool { (self | 32) &- 97 < 26 }
  var isAlphanumeric: Bool { isDigit || isLetter }
  /// The result of Python's `str.isspace` for ASCII.
  var isSpace: Bool { self == 32 || (9...13).contains(self) || (28...31).contains(self) }
  var lowercase: UInt8 { (65...90).contains(self) ? self + 32 : self }
}

/// A text without the ASCII white space at both ends.
func trimmed(_ text: some StringProtocol) -> String {
  var bytes = Array(text.utf8)[...]
  while let last = bytes.last, last.isSpace { bytes.removeLast() }
  return String(decoding: bytes.drop { $0.isSpace }, as: UTF8.self)
}

/// A text with ASCII letters in lower case.
func lowercased(_ text: some StringProtocol) -> String {
  String(decoding: text.utf8.map(\.lowercase), as: UTF8.self)
}

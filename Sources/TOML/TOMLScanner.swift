/// Reads bytes from front to back.
struct TOMLScanner {
  let bytes: [UInt8]
  var position = 0

  var peek: UInt8? { position < bytes.count ? bytes[position] : nil }
  var isAtEnd: Bool { position >= bytes.count }

  mutating func take(_ byte: UInt8) -> Bool {
    guard peek == byte else { return false }
    position += 1
    return true
  }

  /// Whether a text comes next.
  func isAt(_ text: StaticString) -> Bool {
    guard position + text.utf8CodeUnitCount <= bytes.count else { return false }
    for offset in 0..<text.utf8CodeUnitCount where bytes[position + offset] != text.utf8Start[offset] { return false }
    return true
  }

  /// Consumes a text.
  mutating func take(_ text: StaticString) -> Bool {
    guard isAt(text) else { return false }
    position += text.utf8CodeUnitCount
    return true
  }

  mutating func skip(while matches: (UInt8) -> Bool) {
    while let byte = peek, matches(byte) { position += 1 }
  }

  /// The bytes up to where `matches` ends, as text.
  mutating func text(while matches: (UInt8) -> Bool) -> String {
    let start = position
    skip(while: matches)
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }
}

extension UInt8 {
  var isAlphanumeric: Bool { self &- 48 < 10 || (self | 32) &- 97 < 26 }
}

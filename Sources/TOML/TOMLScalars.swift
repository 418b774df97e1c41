internal import JSON

/// Integers and floats as TOML writes them.
enum TOMLNumber {
  /// - Returns: nil for a text that is not a number, or does not fit 64 bits.
  static func value(of text: String) -> JSONValue? {
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where text.hasPrefix(prefix) {
      let digits = Array(text.utf8.dropFirst(2))
      guard isRun(digits[...], radix: radix) else { return nil }
      return Int64(digits.text, radix: radix).map { .int($0) }
    }
    let bytes = Array(text.utf8)
    var rest = bytes[...]
    if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
    if rest.elementsEqual("inf".utf8) || rest.elementsEqual("nan".utf8) { return Double(text).map { .double($0) } }
    let whole = rest.prefix { $0.isDigit || $0 == UInt8(ascii: "_") }
    guard isRun(whole, radix: 10), whole.count == 1 || whole.first != UInt8(ascii: "0") else { return nil }
    rest = rest.dropFirst(whole.count)
    if rest.isEmpty { return Int64(bytes.text).map { .int($0) } }
    if rest.first == UInt8(ascii: ".") {
      let fraction = rest.dropFirst().prefix { $0.isDigit || $0 == UInt8(ascii: "_") }
      guard isRun(fraction, radix: 10) else { return nil }
      rest = rest.dropFirst(fraction.count + 1)
    }
    if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
      rest = rest.dropFirst()
      if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
      guard isRun(rest, radix: 10) else { return nil }
      rest = []
    }
    guard rest.isEmpty else { return nil }
    return Double(bytes.text).map { .double($0) }
  }

  /// Digits with single underscores between them.
  private static func isRun(_ bytes: ArraySlice<UInt8>, radix: Int) -> Bool {
    var wasDigit = false
    for byte in bytes {
      if byte == UInt8(ascii: "_") {
        guard wasDigit else { return false }
        wasDigit = false
      } else {
        guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, digit < radix else { return false }
        wasDigit = true
      }
    }
    return wasDigit
  }
}

/// Dates and times as TOML writes them (RFC 3339). The seconds can be missing since TOML 1.1.
enum TOMLDate {
  /// Whether a text is only a date.
  static func isDate(_ text: String) -> Bool {
    var reader = Reader(rest: Array(text.utf8)[...])
    return reader.date() && reader.rest.isEmpty
  }

  static func isValid(_ text: String) -> Bool {
    var reader = Reader(rest: Array(text.utf8)[...])
    if reader.rest.dropFirst(2).first == UInt8(ascii: ":") { return reader.time() && reader.rest.isEmpty }
    guard reader.date() else { return false }
    if reader.rest.isEmpty { return true }
    guard let separator = reader.rest.popFirst(), "Tt ".utf8.contains(separator), reader.time() else { return false }
    return reader.rest.isEmpty || reader.offset() && reader.rest.isEmpty
  }

  private struct Reader {
    var rest: ArraySlice<UInt8>

    mutating func number(_ count: Int, _ range: ClosedRange<Int>) -> Int? {
      let digits = rest.prefix(count)
      guard digits.count == count, digits.allSatisfy(\.isDigit) else { return nil }
      rest = rest.dropFirst(count)
      let value = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
      return range.contains(value) ? value : nil
    }

    mutating func take(_ text: StaticString) -> Bool {
      guard rest.first == text.utf8Start[0] else { return false }
      rest = rest.dropFirst()
      return true
    }

    mutating func date() -> Bool {
      guard let year = number(4, 0...9999), take("-"), let month = number(2, 1...12), take("-") else { return false }
      let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
      return number(2, 1...days) != nil
    }

    mutating func time() -> Bool {
      guard number(2, 0...23) != nil, take(":"), number(2, 0...59) != nil else { return false }
      guard take(":") else { return true }
      // 60 is a leap second.
      guard number(2, 0...60) != nil else { return false }
      guard take(".") else { return true }
      let fraction = rest.prefix(while: \.isDigit)
      rest = rest.dropFirst(fraction.count)
      return !fraction.isEmpty
    }

    mutating func offset() -> Bool {
      if take("Z") || take("z") { return true }
      guard take("+") || take("-") else { return false }
      return number(2, 0...23) != nil && take(":") && number(2, 0...59) != nil
    }
  }
}

extension UInt8 {
  var isDigit: Bool { self &- 48 < 10 }
  /// A character that no text can contain: all control characters but the tab.
  var isControl: Bool { self < 32 && self != 9 || self == 127 }
}

extension Array<UInt8> {
  /// The number as text, without the underscores between digits.
  fileprivate var text: String { String(decoding: filter { $0 != UInt8(ascii: "_") }, as: UTF8.self) }
}

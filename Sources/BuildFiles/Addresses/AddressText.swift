/// The escapes of names that contain marks of the address grammar, written and read.
///
/// `:`, `#` and `*`, control characters, and `@` where parameters could follow it are written as `%` and two
/// hexadecimal digits, as in URLs. So is `%` where such digits follow it. All other bytes, including other `%XX`, mean
/// themselves: names of files that were URLs once stay unchanged.
enum AddressText {
  private static let percent = UInt8(ascii: "%")

  /// Whether `%XX` with this value is an escape.
  private static func isEscaped(_ byte: UInt8) -> Bool {
    switch byte {
    case 0..<0x20, 0x7F, UInt8(ascii: ":"), UInt8(ascii: "#"), UInt8(ascii: "*"), UInt8(ascii: "@"), percent: true
    default: false
    }
  }

  /// A path, a target's name or a generated name as an address writes it.
  static func escaped(_ text: String) -> String {
    guard text.utf8.contains(where: isEscaped) else { return text }
    return escaped(text) { bytes, index in
      switch bytes[index] {
      case UInt8(ascii: "@"): startsParameters(bytes, index)
      case let byte: isEscaped(byte)
      }
    }
  }

  /// A path for a list with one path per line: only bytes that would break the line are escaped.
  static func line(_ path: String) -> String {
    guard path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == percent }) else { return path }
    return escaped(path) { bytes, index in bytes[index] < 0x20 || bytes[index] == 0x7F || bytes[index] == percent }
  }

  private static func escaped(_ text: String, where isMarked: ([UInt8], Int) -> Bool) -> String {
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    for (index, byte) in bytes.enumerated() {
      let needed = byte == percent ? escape(in: bytes, at: index) != nil : isMarked(bytes, index)
      guard needed else {
        result.append(byte)
        continue
      }
      result += [percent, digit(byte >> 4), digit(byte & 15)]
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// The text that an address writes in this way.
  static func unescaped(_ text: some StringProtocol) -> String {
    guard text.utf8.contains(percent) else { return String(text) }
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if let value = escape(in: bytes, at: index) {
        result.append(value)
        index += 3
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// The byte of the escape at `index`.
  private static func escape(in bytes: [UInt8], at index: Int) -> UInt8? {
    guard bytes[index] == percent, index + 2 < bytes.count, let high = value(bytes[index + 1]),
      let low = value(bytes[index + 2]), isEscaped(high << 4 | low)
    else { return nil }
    return high << 4 | low
  }

  /// Whether the text after an `@` reads as `key=`: see ``AddressReference``. All bytes that could end the key are
  /// escaped.
  private static func startsParameters(_ bytes: [UInt8], _ index: Int) -> Bool {
    bytes[(index + 1)...].first { $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: "/") } == UInt8(ascii: "=")
  }

  private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 55 + value }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case 48...57: digit - 48
    case 65...70: digit - 55
    case 97...102: digit - 87
    default: nil
    }
  }
}

extension Paths {
  /// The path as a spec or an address writes it.
  public static func escaped(_ path: String) -> String { AddressText.escaped(path) }

  /// The path as a line of a list: a name cannot pass for two lines. A spec reads it back, unless it holds `:`, `#` or `*`.
  public static func line(_ path: String) -> String { AddressText.line(path) }
}

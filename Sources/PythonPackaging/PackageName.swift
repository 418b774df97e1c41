/// The name of a project, in the one form in which names are compared: lower case, runs of `-`, `_`, `.` as one `-`
/// (PEP 503, "Normalized Names").
public struct PackageName: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// The normalised name.
  public let text: String

  /// Nil for an invalid name: names consist of letters, digits, `-`, `_`, `.`, and begin and end in a letter or digit
  /// (PEP 508).
  public init?(_ text: some StringProtocol) {
    guard Self.isValid(text) else { return nil }
    self.text = Self.normalize(text)
  }

  /// Whether a text is a name in any spelling (PEP 508, "Names").
  public static func isValid(_ text: some StringProtocol) -> Bool {
    let bytes = Array(text.utf8)
    guard let first = bytes.first, let last = bytes.last, first.isAlphanumeric, last.isAlphanumeric else {
      return false
    }
    return bytes.allSatisfy(isNameByte)
  }

  /// The normal form of any text, valid name or not: also for extras (PEP 685).
  public static func normalize(_ text: some StringProtocol) -> String {
    var result: [UInt8] = []
    var inRun = false
    for byte in text.utf8 {
      let isSeparator = byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
      if !isSeparator {
        result.append(byte.lowercase)
      } else if !inRun {
        result.append(UInt8(ascii: "-"))
      }
      inRun = isSeparator
    }
    return String(decoding: result, as: UTF8.self)
  }

  static func isNameByte(_ byte: UInt8) -> Bool {
    byte.isAlphanumeric || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
  }

  public static func < (left: PackageName, right: PackageName) -> Bool { left.text < right.text }
  public var description: String { text }
}

/// Text of tasks and job files, made harmless for a terminal: no control character reaches it, and no text of several
/// lines passes for several rows of ours.
public enum PlainText {
  /// One line: control characters, line breaks included, are written as escapes such as `\n` and `\x1b`.
  public static func line(_ text: some StringProtocol) -> String { escaped(text, keeps: []) }

  /// A line of a log: as ``line(_:)``, with tabs kept.
  public static func logLine(_ text: some StringProtocol) -> String { escaped(text, keeps: ["\t"]) }

  /// A text of Kilt that can contain a task's text: line breaks are kept, other control characters are escaped.
  public static func paragraph(_ text: some StringProtocol) -> String { escaped(text, keeps: ["\n", "\t"]) }

  private static func escaped(_ text: some StringProtocol, keeps kept: Set<Unicode.Scalar>) -> String {
    guard text.unicodeScalars.contains(where: { isControl($0) && !kept.contains($0) }) else { return String(text) }
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if !isControl(scalar) || kept.contains(scalar) {
        result.append(scalar)
      } else {
        result.append(contentsOf: escape(scalar).unicodeScalars)
      }
    }
    return String(result)
  }

  /// Control characters of ECMA-48 (C0, C1), line separators, and the characters that change the order of the text
  /// after them (Unicode TR 9).
  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
    default: false
    }
  }

  private static func escape(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\n": return "\\n"
    case "\r": return "\\r"
    case "\t": return "\\t"
    default:
      let digits = String(scalar.value, radix: 16)
      if scalar.value < 0x100 { return "\\x" + String(repeating: "0", count: 2 - digits.count) + digits }
      return "\\u{\(digits)}"
    }
  }
}

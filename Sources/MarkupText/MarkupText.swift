/// Text for documents in XML 1.0 and HTML: pages, drawings, reports of tests, requests to S3.
public enum MarkupText {
  /// The text as the content of an element: it reads back as it was, and starts no element, entity or attribute.
  ///
  /// A character that XML 1.0 cannot represent (section 2.2, "Characters"), and DEL, becomes U+FFFD. A carriage return
  /// becomes a reference, since a reader of XML takes a bare one for a line feed (section 2.11, "End-of-Line Handling").
  public static func content(_ text: some StringProtocol) -> String { escaped(text, lines: false) }

  /// The text as the value of an attribute between quotes: like `content(_:)`, and tabs and line feeds become references,
  /// since a reader takes bare ones for spaces (section 3.3.3, "Attribute-Value Normalization").
  public static func attribute(_ text: some StringProtocol) -> String { escaped(text, lines: true) }

  private static func escaped(_ text: some StringProtocol, lines: Bool) -> String {
    guard text.utf8.contains(where: isSpecial) else { return String(text) }
    var result = ""
    result.reserveCapacity(text.utf8.count + 16)
    // Scalars, not characters: in "<\u{301}" the first scalar starts an element for a reader.
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\r": result += "&#13;"
      case "\n" where lines, "\t" where lines: result += "&#\(scalar.value);"
      case "\n", "\t": result.unicodeScalars.append(scalar)
      case "\u{0}"..."\u{1F}", "\u{7F}", "\u{FFFE}", "\u{FFFF}": result.unicodeScalars.append("\u{FFFD}")
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// True for each byte with which a scalar begins that may be changed.
  private static func isSpecial(_ byte: UInt8) -> Bool {
    switch byte {
    case 0..<0x20, 0x7F, 0xEF: true
    case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: "'"): true
    default: false
    }
  }
}

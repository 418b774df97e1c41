/// A piece of HTML in which every interpolated text is escaped: text from a job cannot become markup.
///
/// `HTML("<td>\(name)</td>")` escapes `name`; another `HTML` is inserted unchanged.
struct HTML: ExpressibleByStringInterpolation, Sendable {
  private(set) var text: String

  init(stringLiteral value: String) { text = value }
  init(stringInterpolation: Interpolation) { text = stringInterpolation.text }

  /// The pieces one after the other.
  init(_ parts: some Sequence<HTML>) { text = parts.map(\.text).joined() }

  struct Interpolation: StringInterpolationProtocol {
    var text = ""

    init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity + 16) }

    mutating func appendLiteral(_ literal: String) { text += literal }
    mutating func appendInterpolation(_ html: HTML) { text += html.text }
    mutating func appendInterpolation(_ number: some BinaryInteger) { text += String(number) }
    mutating func appendInterpolation(_ string: some StringProtocol) { text += HTML.escaped(string) }
    mutating func appendInterpolation(_ value: some CustomStringConvertible & Hashable) {
      text += HTML.escaped(value.description)
    }
  }

  /// The text with the five characters that mean something in HTML replaced, and control characters shown as such.
  static func escaped(_ text: some StringProtocol) -> String {
    var escaped: [UInt8] = []
    escaped.reserveCapacity(text.utf8.count)
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "&"): escaped += Array("&amp;".utf8)
      case UInt8(ascii: "<"): escaped += Array("&lt;".utf8)
      case UInt8(ascii: ">"): escaped += Array("&gt;".utf8)
      case UInt8(ascii: "\""): escaped += Array("&quot;".utf8)
      case UInt8(ascii: "'"): escaped += Array("&#39;".utf8)
      case 0..<9, 11, 12, 14..<32, 127: escaped += Array("\u{FFFD}".utf8)
      default: escaped.append(byte)
      }
    }
    return String(decoding: escaped, as: UTF8.self)
  }

  static func + (left: HTML, right: HTML) -> HTML { HTML([left, right]) }
}

internal import MarkupText

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
    mutating func appendInterpolation(_ string: some StringProtocol) { text += MarkupText.content(string) }
    mutating func appendInterpolation(_ value: some CustomStringConvertible & Hashable) {
      text += MarkupText.content(value.description)
    }
  }

  static func + (left: HTML, right: HTML) -> HTML { HTML([left, right]) }
}

import StarlarkSyntax

/// The part of a replacement field after the colon: `[[fill]align][sign][0][width][,][.precision][type]`, as in Python's
/// format specification mini-language, without locales and `#`.
struct FormatSpecification {
  private var fill: Character = " "
  private var alignment: Character?
  private var showsPlus = false
  private var width = 0
  private var groups = false
  private var precision: Int?
  private var type: Character?

  private static let maximumWidth = 1000

  init(_ text: String) throws {
    var rest = Substring(text)
    if let second = rest.dropFirst().first, "<>^=".contains(second), let first = rest.first {
      fill = first
      alignment = second
      rest = rest.dropFirst(2)
    } else if let first = rest.first, "<>^=".contains(first) {
      alignment = first
      rest = rest.dropFirst()
    }
    if let sign = rest.first, "+- ".contains(sign) {
      showsPlus = sign == "+"
      rest = rest.dropFirst()
    }
    if rest.first == "0" {
      if alignment == nil { (fill, alignment) = ("0", "=") }
      rest = rest.dropFirst()
    }
    width = try Self.number(&rest) ?? 0
    if rest.first == "," {
      groups = true
      rest = rest.dropFirst()
    }
    if rest.first == "." {
      rest = rest.dropFirst()
      guard let digits = try Self.number(&rest) else { throw StarlarkError("format specifier missing precision") }
      precision = digits
    }
    if let last = rest.first {
      guard rest.count == 1, "sdxXobeEfFgG%".contains(last) else {
        throw StarlarkError("invalid format specifier \(Quoting.quoted(text))")
      }
      type = last
    }
  }

  private static func number(_ rest: inout Substring) throws -> Int? {
    let digits = rest.prefix { $0 >= "0" && $0 <= "9" }
    if digits.isEmpty { return nil }
    rest = rest.dropFirst(digits.count)
    guard let value = Int(digits), value <= maximumWidth else { throw StarlarkError("format width too large") }
    return value
  }

  func apply(to value: Value, _ meter: Meter) throws -> StarlarkString {
    var isNumber = false
    var text: String
    switch value {
    case .int, .bigInt, .float:
      isNumber = true
      if case .bigInt(let big) = value { try meter.step(big.magnitude.count * big.magnitude.count / 16) }
      text = try number(value)
    default:
      guard type == nil || type == "s" else {
        throw StarlarkError("format type \(type.map(String.init) ?? "") needs a number, not \(value.typeName)")
      }
      text = try Printer.text(value, meter)
      if let precision { text = String(text.prefix(precision)) }
    }
    if isNumber, showsPlus, !text.hasPrefix("-") { text = "+" + text }
    let padding = width - text.count
    guard padding > 0 else { return StarlarkString(text) }
    let fillText = { (count: Int) in String(repeating: String(fill), count: count) }
    switch alignment ?? (isNumber ? ">" : "<") {
    case "<": return StarlarkString(text + fillText(padding))
    case "^": return StarlarkString(fillText(padding / 2) + text + fillText(padding - padding / 2))
    case "=" where text.hasPrefix("-") || text.hasPrefix("+"):
      return StarlarkString(text.prefix(1) + fillText(padding) + text.dropFirst())
    default: return StarlarkString(fillText(padding) + text)
    }
  }

  private func number(_ value: Value) throws -> String {
    switch type {
    case nil, "d", "x", "X", "o", "b":
      guard let integer = bigInteger(value) else {
        guard type == nil, case .float(let number) = value else {
          throw StarlarkError("format type \(type.map(String.init) ?? "") needs an int, not \(value.typeName)")
        }
        return precision.map { FloatFormat.fixed(number, conversion: "g", precision: $0) }
          ?? FloatFormat.compact(number)
      }
      switch type {
      case "x": return integer.text(base: 16)
      case "X": return integer.text(base: 16, uppercase: true)
      case "o": return integer.text(base: 8)
      case "b": return integer.text(base: 2)
      default: return grouped(integer.text())
      }
    case "%":
      return FloatFormat.fixed(try Operators.float(value) * 100, conversion: "f", precision: precision ?? 6) + "%"
    case "s": throw StarlarkError("format type s needs a string, not \(value.typeName)")
    default:
      return grouped(FloatFormat.fixed(try Operators.float(value), conversion: type ?? "f", precision: precision ?? 6))
    }
  }

  private func grouped(_ text: String) -> String {
    guard groups else { return text }
    let sign = text.hasPrefix("-") ? "-" : ""
    let whole = text.dropFirst(sign.count).prefix { $0 != "." }
    let rest = text.dropFirst(sign.count + whole.count)
    var result = ""
    for (position, digit) in whole.enumerated() {
      if position > 0, (whole.count - position) % 3 == 0 { result += "," }
      result.append(digit)
    }
    return sign + result + rest
  }
}

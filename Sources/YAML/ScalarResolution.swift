/// Resolves a plain scalar to a value by the core schema of YAML 1.2.2 (section 10.3.2), or for a document that begins
/// with `%YAML 1.1` by the types of YAML 1.1 (yaml.org/type), without its base-60 numbers and dates.
enum ScalarResolution {
  static func content(of text: String, yaml11: Bool) -> YAMLScalar.Content {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    case "yes", "Yes", "YES", "on", "On", "ON": return yaml11 ? .bool(true) : .string
    case "no", "No", "NO", "off", "Off", "OFF": return yaml11 ? .bool(false) : .string
    case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .float(.infinity)
    case "-.inf", "-.Inf", "-.INF": return .float(-.infinity)
    case ".nan", ".NaN", ".NAN": return .float(.nan)
    default: break
    }
    guard let first = text.utf8.first, first < 0x3A else { return .string }
    if let number = integer(text, yaml11: yaml11) { return .int(number) }
    if let number = float(text, yaml11: yaml11) { return .float(number) }
    return .string
  }

  /// Nil for a text that is not an integer, and for an integer beyond 64 bits: it stays a string, so that no digit is
  /// lost.
  static func integer(_ text: String, yaml11: Bool) -> Int64? {
    var digits = Substring(text)
    if yaml11 { digits = Substring(digits.filter { $0 != "_" }) }
    var sign = ""
    if let first = digits.first, first == "-" || first == "+" {
      sign = first == "-" ? "-" : ""
      digits = digits.dropFirst()
      // The core schema has no sign on octal and hexadecimal numbers.
      if !yaml11, digits.hasPrefix("0o") || digits.hasPrefix("0x") { return nil }
    }
    var radix = 10
    if digits.hasPrefix("0x") {
      (radix, digits) = (16, digits.dropFirst(2))
    } else if !yaml11, digits.hasPrefix("0o") {
      (radix, digits) = (8, digits.dropFirst(2))
    } else if yaml11, digits.hasPrefix("0b") {
      (radix, digits) = (2, digits.dropFirst(2))
    } else if yaml11, digits.hasPrefix("0"), digits.count > 1 {
      (radix, digits) = (8, digits.dropFirst())
    }
    // Swift would take a second sign.
    guard let first = digits.utf8.first, first != 0x2B, first != 0x2D else { return nil }
    return Int64(sign + digits, radix: radix)
  }

  static func float(_ text: String, yaml11: Bool) -> Double? {
    let text = yaml11 ? text.filter { $0 != "_" } : text
    var digits = false, dots = 0, exponent = false
    var previous: UInt8 = 0
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39: digits = true
      case 0x2E where dots == 0 && !exponent: dots = 1
      case 0x65 where digits && !exponent, 0x45 where digits && !exponent: exponent = true
      case 0x2B where previous == 0 || previous | 0x20 == 0x65, 0x2D where previous == 0 || previous | 0x20 == 0x65:
        break
      default: return nil
      }
      previous = byte
    }
    // `12e45678` is a number by its form, but no double holds it: a string then, as an integer beyond 64 bits.
    // The same for digits alone that were too many for an integer.
    guard digits, dots > 0 || exponent, previous | 0x20 != 0x65, previous != 0x2B, previous != 0x2D,
      let number = parse(text),
      number.isFinite
    else { return nil }
    return number
  }

  /// YAML accepts "1." and ".5" where Swift requires a digit on both sides.
  private static func parse(_ text: String) -> Double? {
    var form = "", previous: Character = "+"
    for character in text {
      if character == ".", !previous.isNumber { form.append("0") }
      if character == "e" || character == "E", previous == "." { form.append("0") }
      form.append(character)
      previous = character
    }
    if previous == "." { form.append("0") }
    return Double(form)
  }
}

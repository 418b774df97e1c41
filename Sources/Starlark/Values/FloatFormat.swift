import Glibc

/// The text forms of floating-point numbers.
enum FloatFormat {
  /// As `str(x)` and `%g`: the fewest digits that read back as the same number, always with a point or an exponent.
  static func compact(_ value: Double, uppercase: Bool = false) -> String {
    if let text = special(value) { return text }
    // The library's own form has those digits; only their layout differs.
    var digits = ""
    var exponent = 0
    var pointPosition: Int?
    for character in value.magnitude.description.split(separator: "e", maxSplits: 1)[0] {
      if character == "." { pointPosition = digits.count } else { digits.append(character) }
    }
    if let mark = value.description.firstIndex(of: "e") {
      exponent = Int(value.description[value.description.index(after: mark)...]) ?? 0
    }
    exponent += (pointPosition ?? digits.count) - 1
    while digits.count > 1, digits.hasPrefix("0") {
      digits.removeFirst()
      exponent -= 1
    }
    while digits.count > 1, digits.hasSuffix("0") { digits.removeLast() }
    if value == 0 { exponent = 0 }
    let sign = value.sign == .minus ? "-" : ""
    if exponent < -4 || exponent >= 6 {
      let rest = digits.dropFirst()
      let power = exponent.magnitude < 10 ? "0\(exponent.magnitude)" : "\(exponent.magnitude)"
      return "\(sign)\(digits.prefix(1))\(rest.isEmpty ? "" : "." + rest)\(uppercase ? "E" : "e")"
        + "\(exponent < 0 ? "-" : "+")\(power)"
    }
    if exponent < 0 { return sign + "0." + String(repeating: "0", count: -exponent - 1) + digits }
    if digits.count <= exponent + 1 {
      return sign + digits + String(repeating: "0", count: exponent + 1 - digits.count) + ".0"
    }
    return sign + digits.prefix(exponent + 1) + "." + digits.dropFirst(exponent + 1)
  }

  /// As C's `printf` with this conversion (`e`, `E`, `f`, `F`) and precision.
  static func fixed(_ value: Double, conversion: Character, precision: Int = 6) -> String {
    if let text = special(value) { return text }
    let format = "%.\(min(max(precision, 0), 400))\(conversion)"
    return withVaList([value]) { arguments in
      var buffer = [CChar](repeating: 0, count: 800)
      let length = vsnprintf(&buffer, buffer.count, format, arguments)
      return String(decoding: buffer.prefix(Int(max(0, length))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }

  private static func special(_ value: Double) -> String? {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value > 0 ? "+inf" : "-inf" }
    return nil
  }
}

import StarlarkSyntax

/// An integer of any size: sign and magnitude, in base 2^32, least digit first, without leading zeros.
public final class BigInteger: Sendable {
  /// Whether the integer is below zero.
  public let isNegative: Bool
  let magnitude: [UInt32]

  init(isNegative: Bool, magnitude: [UInt32]) {
    self.isNegative = isNegative
    self.magnitude = magnitude
  }

  convenience init(_ value: Int) {
    self.init(isNegative: value < 0, magnitude: Self.digits(of: UInt64(value.magnitude)))
  }

  private static func digits(of value: UInt64) -> [UInt32] {
    if value == 0 { return [] }
    let high = UInt32(value >> 32)
    return high == 0 ? [UInt32(truncatingIfNeeded: value)] : [UInt32(truncatingIfNeeded: value), high]
  }

  /// The smallest `Value` of an integer: `.int` where it fits.
  static func value(isNegative: Bool, magnitude: [UInt32]) -> Value {
    var magnitude = magnitude
    while magnitude.last == 0 { magnitude.removeLast() }
    if magnitude.count <= 2 {
      var bits: UInt64 = 0
      for (position, digit) in magnitude.enumerated() { bits |= UInt64(digit) << (32 * UInt64(position)) }
      if bits <= UInt64(Int.max) { return .int(isNegative ? -Int(bits) : Int(bits)) }
      if isNegative, bits == UInt64(Int.max) + 1 { return .int(Int.min) }
    }
    return .bigInt(BigInteger(isNegative: isNegative, magnitude: magnitude))
  }

  /// The nearest `Double`; infinite when out of range.
  public var doubleValue: Double {
    // The 64 leading bits, with a sticky lowest bit for what follows, round correctly to 53.
    guard let top = magnitude.last else { return 0 }
    let bitCount = magnitude.count * 32 - top.leadingZeroBitCount
    if bitCount > 1100 { return isNegative ? -.infinity : .infinity }
    let shift = max(0, bitCount - 64)
    let (leading, dropped) = Magnitude.shiftRight(magnitude, by: shift)
    var bits: UInt64 = 0
    for (position, digit) in leading.prefix(2).enumerated() { bits |= UInt64(digit) << (32 * UInt64(position)) }
    if dropped { bits |= 1 }
    let value = Double(sign: .plus, exponent: shift, significand: Double(bits))
    return isNegative ? -value : value
  }

  /// The integer part of a finite number.
  static func value(truncating number: Double) -> Value? {
    guard number.isFinite else { return nil }
    let truncated = number.rounded(.towardZero)
    if let small = Int(exactly: truncated) { return .int(small) }
    let significand = UInt64(truncated.magnitude.significand * 0x1p52)
    let magnitude = Magnitude.shiftLeft(digits(of: significand), by: Int(truncated.exponent) - 52)
    return value(isNegative: truncated < 0, magnitude: magnitude)
  }

  static func isEqual(_ left: BigInteger, _ right: BigInteger) -> Bool {
    left.isNegative == right.isNegative && left.magnitude == right.magnitude
  }

  /// Whether `left` is below `right`.
  static func isLess(_ left: BigInteger, _ right: BigInteger) -> Bool {
    if left.isNegative != right.isNegative { return left.isNegative }
    let order = Magnitude.compare(left.magnitude, right.magnitude)
    return left.isNegative ? order > 0 : order < 0
  }

  static func add(_ left: BigInteger, _ right: BigInteger, negatingRight: Bool = false) -> Value {
    let rightNegative = right.isNegative != negatingRight
    if left.isNegative == rightNegative {
      return value(isNegative: left.isNegative, magnitude: Magnitude.add(left.magnitude, right.magnitude))
    }
    if Magnitude.compare(left.magnitude, right.magnitude) >= 0 {
      return value(isNegative: left.isNegative, magnitude: Magnitude.subtract(left.magnitude, right.magnitude))
    }
    return value(isNegative: rightNegative, magnitude: Magnitude.subtract(right.magnitude, left.magnitude))
  }

  static func multiply(_ left: BigInteger, _ right: BigInteger) -> Value {
    value(
      isNegative: left.isNegative != right.isNegative,
      magnitude: Magnitude.multiply(left.magnitude, right.magnitude))
  }

  /// Quotient rounded down and remainder with the sign of the divisor, which is not zero.
  static func divide(_ left: BigInteger, _ right: BigInteger) -> (quotient: Value, remainder: Value) {
    var (quotient, remainder) = Magnitude.divide(left.magnitude, right.magnitude)
    let isNegative = left.isNegative != right.isNegative
    if isNegative, !remainder.isEmpty {
      quotient = Magnitude.add(quotient, [1])
      remainder = Magnitude.subtract(right.magnitude, remainder)
    }
    return (
      value(isNegative: isNegative, magnitude: quotient),
      value(isNegative: right.isNegative, magnitude: remainder)
    )
  }

  func negated() -> Value { Self.value(isNegative: !isNegative, magnitude: magnitude) }

  func shiftedLeft(by count: Int) -> Value {
    Self.value(isNegative: isNegative, magnitude: Magnitude.shiftLeft(magnitude, by: count))
  }

  /// The quotient by a power of two, rounded down.
  func shiftedRight(by count: Int) -> Value {
    var (result, dropped) = Magnitude.shiftRight(magnitude, by: count)
    if isNegative, dropped { result = Magnitude.add(result, [1]) }
    return Self.value(isNegative: isNegative, magnitude: result)
  }

  /// Two's complement, sign-extended to `count` digits.
  private func complement(_ count: Int) -> [UInt32] {
    var digits = magnitude
    digits.append(contentsOf: repeatElement(0, count: count - digits.count))
    if !isNegative { return digits }
    var carry = true
    for position in digits.indices {
      digits[position] = ~digits[position]
      if carry { (digits[position], carry) = digits[position].addingReportingOverflow(1) }
    }
    return digits
  }

  /// `&`, `|` or `^` digit by digit, on two's complements of endless length.
  static func bitwise(_ left: BigInteger, _ right: BigInteger, _ operation: (UInt32, UInt32) -> UInt32) -> Value {
    let count = max(left.magnitude.count, right.magnitude.count) + 1
    var digits = zip(left.complement(count), right.complement(count)).map(operation)
    let isNegative = digits[count - 1] >> 31 == 1
    if isNegative {
      var carry = true
      for position in digits.indices {
        digits[position] = ~digits[position]
        if carry { (digits[position], carry) = digits[position].addingReportingOverflow(1) }
      }
    }
    return value(isNegative: isNegative, magnitude: digits)
  }

  /// The digits in a base from 2 to 36, with `-` in front of negative ones.
  func text(base: Int = 10, uppercase: Bool = false) -> String {
    var chunk = base
    var chunkDigits = 1
    while chunk * base <= Int(UInt32.max) {
      chunk *= base
      chunkDigits += 1
    }
    var rest = magnitude
    var chunks: [String] = []
    while !rest.isEmpty {
      let remainder = Magnitude.divide(&rest, by: UInt32(chunk))
      chunks.append(String(remainder, radix: base, uppercase: uppercase))
    }
    var text = isNegative ? "-" : ""
    text += chunks.last ?? "0"
    for chunk in chunks.dropLast().reversed() {
      text += String(repeating: "0", count: chunkDigits - chunk.utf8.count) + chunk
    }
    return text
  }

  /// The integer that `text` denotes: optional sign, and for base 0 or the base it names a prefix such as `0x`.
  ///
  /// nil when it is none. With base 0 a leading zero is only allowed as `0`, unless `allowLeadingZeros`.
  static func parse(_ text: [UInt8], base: Int, allowLeadingZeros: Bool = false) -> Value? {
    var position = 0
    var isNegative = false
    if let sign = text.first, sign == 0x2B || sign == 0x2D {
      isNegative = sign == 0x2D
      position = 1
    }
    var base = base
    if position + 1 < text.count, text[position] == 0x30 {
      let prefixBase: Int? =
        switch text[position + 1] | 0x20 {
        case 0x78: 16
        case 0x6F: 8
        case 0x62: 2
        default: nil
        }
      if let prefixBase, base == 0 || base == prefixBase {
        base = prefixBase
        position += 2
      } else if base == 0, !allowLeadingZeros {
        for digit in text[position...] where digit != 0x30 { return nil }
      }
    }
    if base == 0 { base = 10 }
    guard position < text.count else { return nil }
    var small = 0
    var magnitude: [UInt32]?
    for byte in text[position...] {
      guard let digit = digitValue(byte), digit < base else { return nil }
      if magnitude == nil {
        let (product, overflow) = small.multipliedReportingOverflow(by: base)
        let (sum, overflow2) = product.addingReportingOverflow(digit)
        if !overflow, !overflow2 {
          small = sum
          continue
        }
        magnitude = digits(of: UInt64(small))
      }
      Magnitude.multiplyAdd(&magnitude, UInt32(base), UInt32(digit))
    }
    if let magnitude { return value(isNegative: isNegative, magnitude: magnitude) }
    return .int(isNegative ? -small : small)
  }
}

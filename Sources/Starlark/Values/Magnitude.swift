/// Arithmetic on magnitudes: digits in base 2^32, least first.
enum Magnitude {
  static func trimmed(_ digits: [UInt32]) -> [UInt32] {
    var digits = digits
    while digits.last == 0 { digits.removeLast() }
    return digits
  }

  static func compare(_ left: [UInt32], _ right: [UInt32]) -> Int {
    if left.count != right.count { return left.count < right.count ? -1 : 1 }
    for position in left.indices.reversed() where left[position] != right[position] {
      return left[position] < right[position] ? -1 : 1
    }
    return 0
  }

  static func add(_ left: [UInt32], _ right: [UInt32]) -> [UInt32] {
    let (long, short) = left.count >= right.count ? (left, right) : (right, left)
    var result = long
    var carry: UInt64 = 0
    for position in result.indices {
      if position >= short.count, carry == 0 { break }
      let sum = UInt64(result[position]) + (position < short.count ? UInt64(short[position]) : 0) + carry
      result[position] = UInt32(truncatingIfNeeded: sum)
      carry = sum >> 32
    }
    if carry > 0 { result.append(UInt32(carry)) }
    return result
  }

  /// `left - right`, which must not be negative.
  static func subtract(_ left: [UInt32], _ right: [UInt32]) -> [UInt32] {
    var result = left
    var borrow: Int64 = 0
    for position in result.indices {
      if position >= right.count, borrow == 0 { break }
      var difference = Int64(result[position]) - (position < right.count ? Int64(right[position]) : 0) - borrow
      borrow = difference < 0 ? 1 : 0
      if difference < 0 { difference += 1 << 32 }
      result[position] = UInt32(difference)
    }
    return trimmed(result)
  }

  static func multiply(_ left: [UInt32], _ right: [UInt32]) -> [UInt32] {
    if left.isEmpty || right.isEmpty { return [] }
    var result = [UInt32](repeating: 0, count: left.count + right.count)
    for (i, digit) in left.enumerated() where digit != 0 {
      var carry: UInt64 = 0
      for j in right.indices {
        let sum = UInt64(digit) * UInt64(right[j]) + UInt64(result[i + j]) + carry
        result[i + j] = UInt32(truncatingIfNeeded: sum)
        carry = sum >> 32
      }
      result[i + right.count] = UInt32(carry)
    }
    return trimmed(result)
  }

  /// `magnitude * factor + addend`, in place.
  static func multiplyAdd(_ magnitude: inout [UInt32]?, _ factor: UInt32, _ addend: UInt32) {
    var digits = magnitude ?? []
    magnitude = nil
    var carry = UInt64(addend)
    for position in digits.indices {
      let sum = UInt64(digits[position]) * UInt64(factor) + carry
      digits[position] = UInt32(truncatingIfNeeded: sum)
      carry = sum >> 32
    }
    if carry > 0 { digits.append(UInt32(carry)) }
    magnitude = digits
  }

  /// Divides in place by one digit; returns the remainder.
  static func divide(_ digits: inout [UInt32], by divisor: UInt32) -> UInt32 {
    var remainder: UInt64 = 0
    for position in digits.indices.reversed() {
      let current = remainder << 32 | UInt64(digits[position])
      digits[position] = UInt32(current / UInt64(divisor))
      remainder = current % UInt64(divisor)
    }
    while digits.last == 0 { digits.removeLast() }
    return UInt32(remainder)
  }

  /// Long division (Knuth, The Art of Computer Programming 2, 4.3.1, algorithm D).
  static func divide(_ dividend: [UInt32], _ divisor: [UInt32]) -> (quotient: [UInt32], remainder: [UInt32]) {
    if compare(dividend, divisor) < 0 { return ([], dividend) }
    if divisor.count == 1 {
      var quotient = dividend
      let remainder = divide(&quotient, by: divisor[0])
      return (quotient, remainder == 0 ? [] : [remainder])
    }
    let shift = divisor[divisor.count - 1].leadingZeroBitCount
    let v = shiftLeft(divisor, by: shift)
    var u = shiftLeft(dividend, by: shift)
    if u.count == dividend.count { u.append(0) }
    let n = v.count
    let m = u.count - n - 1
    var quotient = [UInt32](repeating: 0, count: m + 1)
    let base: UInt64 = 1 << 32
    for j in stride(from: m, through: 0, by: -1) {
      let numerator = UInt64(u[j + n]) << 32 | UInt64(u[j + n - 1])
      var estimate = numerator / UInt64(v[n - 1])
      var rest = numerator % UInt64(v[n - 1])
      while estimate >= base || estimate * UInt64(v[n - 2]) > rest << 32 | UInt64(u[j + n - 2]) {
        estimate -= 1
        rest += UInt64(v[n - 1])
        if rest >= base { break }
      }
      var borrow: Int64 = 0
      var carry: UInt64 = 0
      for i in 0..<n {
        let product = estimate * UInt64(v[i]) + carry
        carry = product >> 32
        let difference = Int64(u[i + j]) - borrow - Int64(product & 0xFFFF_FFFF)
        u[i + j] = UInt32(truncatingIfNeeded: difference)
        borrow = difference < 0 ? 1 : 0
      }
      let difference = Int64(u[j + n]) - borrow - Int64(carry)
      u[j + n] = UInt32(truncatingIfNeeded: difference)
      if difference < 0 {
        estimate -= 1
        var carry: UInt64 = 0
        for i in 0..<n {
          let sum = UInt64(u[i + j]) + UInt64(v[i]) + carry
          u[i + j] = UInt32(truncatingIfNeeded: sum)
          carry = sum >> 32
        }
        u[j + n] = u[j + n] &+ UInt32(carry)
      }
      quotient[j] = UInt32(truncatingIfNeeded: estimate)
    }
    return (trimmed(quotient), shiftRight(trimmed(u), by: shift).digits)
  }

  static func shiftLeft(_ digits: [UInt32], by count: Int) -> [UInt32] {
    if digits.isEmpty || count == 0 { return digits }
    let bits = UInt32(count % 32)
    var result = [UInt32](repeating: 0, count: count / 32)
    result.reserveCapacity(result.count + digits.count + 1)
    var carry: UInt32 = 0
    for digit in digits {
      result.append(digit << bits | carry)
      carry = bits == 0 ? 0 : digit >> (32 - bits)
    }
    if carry > 0 { result.append(carry) }
    return result
  }

  /// The digits shifted, and whether a bit that was set fell out.
  static func shiftRight(_ digits: [UInt32], by count: Int) -> (digits: [UInt32], dropped: Bool) {
    let whole = count / 32
    if whole >= digits.count { return ([], !digits.isEmpty) }
    let bits = UInt32(count % 32)
    var dropped = digits[..<whole].contains { $0 != 0 }
    if bits > 0, digits[whole] << (32 - bits) != 0 { dropped = true }
    var result: [UInt32] = []
    for position in whole..<digits.count {
      let high = position + 1 < digits.count && bits > 0 ? digits[position + 1] << (32 - bits) : 0
      result.append(digits[position] >> bits | high)
    }
    return (trimmed(result), dropped)
  }
}

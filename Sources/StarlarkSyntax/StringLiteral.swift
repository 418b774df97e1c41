/// A string literal's prefix and where its contents are.
struct StringLiteral {
  var isRaw = false
  var isBytes = false
  var isFormat = false
  var contents: Range<Int>

  /// Splits a literal that the lexer has delimited.
  init(_ token: Token, in bytes: [UInt8]) {
    var position = token.start
    scan: while true {
      switch bytes[position] | 0x20 {
      case 0x72: isRaw = true
      case 0x62: isBytes = true
      case 0x66: isFormat = true
      case 0x75: break
      default: break scan
      }
      position += 1
    }
    let quote = bytes[position]
    let isTriple = token.end - position >= 6 && bytes[position + 1] == quote && bytes[position + 2] == quote
    contents = isTriple ? position + 3..<token.end - 3 : position + 1..<token.end - 1
  }

  /// The bytes that `range` of the contents denotes, escapes resolved.
  func decoded(_ range: Range<Int>, in source: SourceFile) throws -> [UInt8] {
    let bytes = source.bytes
    var needsWork = false
    for index in range where bytes[index] == 0x5C || bytes[index] == 0x0D {
      needsWork = true
      break
    }
    if !needsWork { return Array(bytes[range]) }
    var result: [UInt8] = []
    result.reserveCapacity(range.count)
    var index = range.lowerBound
    while index < range.upperBound {
      let byte = bytes[index]
      index += 1
      if byte == 0x0D {
        // Line ends are normalised in literals.
        result.append(0x0A)
        if index < range.upperBound, bytes[index] == 0x0A { index += 1 }
      } else if byte != 0x5C || isRaw {
        result.append(byte)
        if byte == 0x5C, index < range.upperBound, bytes[index] != 0x0D {
          result.append(bytes[index])
          index += 1
        }
      } else {
        try escape(source, &index, range.upperBound, &result)
      }
    }
    return result
  }

  private func escape(_ source: SourceFile, _ index: inout Int, _ end: Int, _ result: inout [UInt8]) throws {
    let bytes = source.bytes
    let start = index - 1
    func fail(_ message: String, _ hint: String? = nil) -> StarlarkError {
      StarlarkError(message, kind: .syntax, hint: hint, location: StarlarkLocation(source: source, offset: start))
    }
    guard index < end else { throw fail("truncated escape sequence") }
    let kind = bytes[index]
    index += 1
    func hexadecimal(_ count: Int) throws -> UInt32 {
      var value: UInt32 = 0
      for _ in 0..<count {
        guard index < end, let digit = digitValue(bytes[index]), digit < 16 else {
          throw fail("truncated escape sequence: want \(count) hexadecimal digits")
        }
        value = value << 4 | UInt32(digit)
        index += 1
      }
      return value
    }
    func appendElement(_ value: UInt32) throws {
      if isBytes {
        guard value < 256 else { throw fail("escape sequence denotes a value above 255") }
        result.append(UInt8(value))
      } else {
        guard value < 128 else {
          throw fail("non-ASCII escape sequence in a string", "write the code point as \\u\(hex4(value))")
        }
        result.append(UInt8(value))
      }
    }
    switch kind {
    case 0x0A: break
    case 0x0D: if index < end, bytes[index] == 0x0A { index += 1 }
    case 0x61: result.append(7)
    case 0x62: result.append(8)
    case 0x66: result.append(12)
    case 0x6E: result.append(10)
    case 0x72: result.append(13)
    case 0x74: result.append(9)
    case 0x76: result.append(11)
    case 0x5C, 0x22, 0x27: result.append(kind)
    case 0x30...0x37:
      var value = UInt32(kind - 0x30)
      var count = 1
      while count < 3, index < end, bytes[index] >= 0x30, bytes[index] <= 0x37 {
        value = value << 3 | UInt32(bytes[index] - 0x30)
        index += 1
        count += 1
      }
      try appendElement(value)
    case 0x78: try appendElement(try hexadecimal(2))
    case 0x75, 0x55:
      guard let scalar = Unicode.Scalar(try hexadecimal(kind == 0x75 ? 4 : 8)) else {
        throw fail("escape sequence is not a valid Unicode code point")
      }
      appendUTF8(scalar, to: &result)
    default:
      throw fail("invalid escape sequence \\\(Character(Unicode.Scalar(kind)))", "write \\\\ for a backslash")
    }
  }
}

private func hex4(_ value: UInt32) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
}

/// The value of a digit of any base up to 36.
package func digitValue(_ byte: UInt8) -> Int? {
  switch byte {
  case 0x30...0x39: Int(byte) - 0x30
  case 0x41...0x5A: Int(byte) - 0x41 + 10
  case 0x61...0x7A: Int(byte) - 0x61 + 10
  default: nil
  }
}

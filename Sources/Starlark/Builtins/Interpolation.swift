import StarlarkSyntax

/// `format % arguments`.
enum Interpolation {
  static func apply(_ format: [UInt8], _ arguments: Value, _ meter: Meter) throws -> [UInt8] {
    var tuple: [Value] = [arguments]
    if case .tuple(let several) = arguments { tuple = several.elements }
    var next = 0
    var result: [UInt8] = []
    var position = 0
    var usedMapping = false
    while position < format.count {
      let byte = format[position]
      position += 1
      guard byte == 0x25 else {
        result.append(byte)
        continue
      }
      guard position < format.count else { throw StarlarkError("incomplete format") }
      if format[position] == 0x25 {
        result.append(0x25)
        position += 1
        continue
      }
      let operand: Value
      if format[position] == 0x28 {
        guard let close = format[position...].firstIndex(of: 0x29) else { throw StarlarkError("incomplete format key") }
        let key = Value.string(StarlarkString(utf8: Array(format[(position + 1)..<close])))
        guard case .dict(let dict) = arguments else { throw StarlarkError("format requires a mapping") }
        guard let value = try dict.value(for: key, meter: meter) else {
          throw StarlarkError("key not found: \(key.asString ?? "")")
        }
        operand = value
        usedMapping = true
        position = close + 1
        guard position < format.count else { throw StarlarkError("incomplete format") }
      } else {
        guard next < tuple.count else { throw StarlarkError("not enough arguments for format string") }
        operand = tuple[next]
        next += 1
      }
      let text = try convert(operand, format[position], meter)
      position += 1
      try meter.allocate(text.count)
      result += text
    }
    if next < tuple.count, !usedMapping {
      throw StarlarkError(
        "too many arguments for format string: not all arguments converted, as there are not enough arguments in it")
    }
    try meter.allocate(result.count + 32)
    return result
  }

  private static func convert(_ value: Value, _ conversion: UInt8, _ meter: Meter) throws -> [UInt8] {
    switch conversion {
    case 0x73: return try Printer.bytes(value, meter)  // s
    case 0x72: return try Printer.representationBytes(value, meter)  // r
    case 0x64, 0x69: return Array(try integer(value, conversion, meter).text(base: 10).utf8)  // d, i
    case 0x6F: return Array(try integer(value, conversion, meter).text(base: 8).utf8)  // o
    case 0x78: return Array(try integer(value, conversion, meter).text(base: 16).utf8)  // x
    case 0x58: return Array(try integer(value, conversion, meter).text(base: 16, uppercase: true).utf8)  // X
    case 0x65, 0x45, 0x66, 0x46:  // e, E, f, F
      let letter = Character(Unicode.Scalar(conversion))
      return Array(FloatFormat.fixed(try float(value, conversion), conversion: letter).utf8)
    case 0x67, 0x47:  // g, G
      return Array(FloatFormat.compact(try float(value, conversion), uppercase: conversion == 0x47).utf8)
    case 0x63: return try character(value)  // c
    default:
      let shown = conversion < 0x80 ? String(Unicode.Scalar(conversion)) : "?"
      throw StarlarkError("unknown conversion %\(shown)")
    }
  }

  private static func integer(_ value: Value, _ conversion: UInt8, _ meter: Meter) throws -> BigInteger {
    var whole = value
    if case .float(let number) = value {
      guard let truncated = BigInteger.value(truncating: number) else {
        throw StarlarkError("cannot convert float \(FloatFormat.compact(number)) to integer")
      }
      whole = truncated
    }
    guard let result = bigInteger(whole) else {
      throw StarlarkError("%\(Unicode.Scalar(conversion)) format requires integer: got \(value.typeName)")
    }
    try meter.step(result.magnitude.count * result.magnitude.count / 16)
    return result
  }

  private static func float(_ value: Value, _ conversion: UInt8) throws -> Double {
    switch value {
    case .int, .bigInt, .float: return try Operators.float(value)
    default:
      throw StarlarkError("%\(Unicode.Scalar(conversion)) format requires float, not \(value.typeName)")
    }
  }

  private static func character(_ value: Value) throws -> [UInt8] {
    switch value {
    case .int(let code):
      guard let scalar = UInt32(exactly: code).flatMap(Unicode.Scalar.init) else {
        throw StarlarkError("%c format requires a valid Unicode code point, got \(code)")
      }
      var bytes: [UInt8] = []
      appendUTF8(scalar, to: &bytes)
      return bytes
    case .string(let string):
      guard StringElements(string.utf8, .codePoints).count == 1 else {
        throw StarlarkError("%c format requires a single-character string")
      }
      return string.utf8
    default: throw StarlarkError("%c format requires int or single-character string, not \(value.typeName)")
    }
  }
}

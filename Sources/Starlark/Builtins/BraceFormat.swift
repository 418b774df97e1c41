import StarlarkSyntax

/// `"…{}…".format(arguments)`.
enum BraceFormat {
  static func apply(_ call: Call) throws -> [UInt8] {
    let format = call.stringReceiver
    var result: [UInt8] = []
    var position = 0
    var automatic = 0
    var sawAutomatic = false
    var sawManual = false
    while position < format.count {
      let byte = format[position]
      if byte == 0x7D {
        guard position + 1 < format.count, format[position + 1] == 0x7D else {
          throw call.failure("single '}' in format")
        }
        result.append(0x7D)
        position += 2
        continue
      }
      guard byte == 0x7B else {
        result.append(byte)
        position += 1
        continue
      }
      if position + 1 < format.count, format[position + 1] == 0x7B {
        result.append(0x7B)
        position += 2
        continue
      }
      guard let close = format[position...].firstIndex(of: 0x7D) else { throw call.failure("unmatched '{' in format") }
      var field = format[(position + 1)..<close]
      position = close + 1
      if field.contains(0x7B) { throw call.failure("nested replacement fields not supported") }
      var isRepresentation = false
      if let mark = field.firstIndex(of: 0x21) {
        let conversion = field[(mark + 1)...]
        guard conversion.elementsEqual([0x72]) || conversion.elementsEqual([0x73]) else {
          throw call.failure("unknown conversion \"\(String(decoding: conversion, as: UTF8.self))\"")
        }
        isRepresentation = conversion.first == 0x72
        field = field[..<mark]
      }
      var specification = ""
      if let colon = field.firstIndex(of: 0x3A) {
        specification = String(decoding: field[(colon + 1)...], as: UTF8.self)
        field = field[..<colon]
      }
      let value: Value
      if field.isEmpty {
        if sawManual {
          throw call.failure("cannot switch from manual field specification to automatic field numbering")
        }
        sawAutomatic = true
        guard automatic < call.positional.count else { throw call.failure("tuple index out of range") }
        value = call.positional[automatic]
        automatic += 1
      } else if field.allSatisfy(isDigit) {
        if sawAutomatic {
          throw call.failure("cannot switch from automatic field numbering to manual field specification")
        }
        sawManual = true
        guard let index = Int(String(decoding: field, as: UTF8.self)), index < call.positional.count else {
          throw call.failure("tuple index out of range")
        }
        value = call.positional[index]
      } else {
        value = try keyword(field, call)
      }
      let text = try formatted(value, isRepresentation, specification, call.thread.meter)
      try call.thread.meter.allocate(text.count)
      result += text
    }
    return result
  }

  private static func keyword(_ field: ArraySlice<UInt8>, _ call: Call) throws -> Value {
    let name = String(decoding: field, as: UTF8.self)
    if let value = call.named(name) { return value }
    if field.contains(0x2E) {
      throw call.failure("attribute syntax x.y is not supported in replacement fields: \(name)")
    }
    if field.contains(0x5B) {
      throw call.failure("element syntax a[i] is not supported in replacement fields: \(name)")
    }
    throw call.failure("keyword \(name) not found")
  }

  private static func formatted(
    _ value: Value, _ isRepresentation: Bool, _ specification: String, _ meter: Meter
  ) throws -> [UInt8] {
    var value = value
    if isRepresentation { value = .string(StarlarkString(utf8: try Printer.representationBytes(value, meter))) }
    if specification.isEmpty { return try Printer.bytes(value, meter) }
    return try FormatSpecification(specification).apply(to: value, meter).utf8
  }
}

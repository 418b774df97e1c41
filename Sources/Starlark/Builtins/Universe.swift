import StarlarkSyntax

/// The names that every file can use: None, True, False and the functions of the specification.
enum Universe {
  static let values: [String: Value] = {
    var values: [String: Value] = ["None": .none, "True": .bool(true), "False": .bool(false)]
    for (name, builtin) in builtinTable(functions + sequenceFunctions + conversions) {
      values[name] = .builtin(builtin)
    }
    return values
  }()

  private static let functions: [(String, @Sendable (Call) throws -> Value)] = [
    ("abs", abs), ("dir", dir), ("fail", fail), ("getattr", getattr), ("hasattr", hasattr), ("hash", hash),
    ("len", len), ("print", print), ("repr", repr), ("type", type), ("chr", chr), ("ord", ord),
  ]

  @Sendable private static func abs(_ call: Call) throws -> Value {
    let value = try call.bind(["x"], required: 1)[0] ?? .none
    switch value {
    case .int(let int): return int < 0 ? try Operators.unary(.minus, value) : value
    case .bigInt(let big): return big.isNegative ? big.negated() : value
    case .float(let float): return .float(float.magnitude)
    default: throw call.mismatch("x", value, want: "float or int")
    }
  }

  @Sendable private static func dir(_ call: Call) throws -> Value {
    let value = try call.bind(["x"], required: 1)[0] ?? .none
    return try call.list(Attributes.names(of: value).map { .string($0) })
  }

  @Sendable private static func fail(_ call: Call) throws -> Value {
    var separator: [UInt8] = [0x20]
    var parts = call.positional
    for argument in call.named {
      switch argument.name {
      case "sep": separator = try call.string(argument.value, "sep")
      case "msg": parts.insert(argument.value, at: 0)
      case "attr": break
      default: throw call.failure("unexpected keyword argument \"\(argument.name)\"")
      }
    }
    throw StarlarkError("fail: \(try joined(parts, separator, call))")
  }

  private static func joined(_ values: [Value], _ separator: [UInt8], _ call: Call) throws -> String {
    var text: [UInt8] = []
    for (position, value) in values.enumerated() {
      if position > 0 { text += separator }
      text += try Printer.bytes(value, call.thread.meter)
      try call.thread.meter.allocate(text.count / 8 + separator.count)
    }
    return String(decoding: text, as: UTF8.self)
  }

  @Sendable private static func print(_ call: Call) throws -> Value {
    var separator: [UInt8] = [0x20]
    var parts = call.positional
    for argument in call.named {
      if argument.name == "sep" {
        separator = try call.string(argument.value, "sep")
      } else {
        let text = try Printer.bytes(argument.value, call.thread.meter)
        parts.append(.string(StarlarkString(utf8: Array((argument.name + "=").utf8) + text)))
      }
    }
    call.thread.print(try joined(parts, separator, call), call.location)
    return .none
  }

  @Sendable private static func getattr(_ call: Call) throws -> Value {
    let bound = try call.bind(["x", "name", "default"], required: 2)
    let target = bound[0] ?? .none
    let name = AttributeName(String(decoding: try call.string(bound[1], "name"), as: UTF8.self))
    if let value = try Attributes.find(target, name, call.thread) { return value }
    if let fallback = bound[2] { return fallback }
    return try Attributes.value(of: target, name, call.thread)
  }

  @Sendable private static func hasattr(_ call: Call) throws -> Value {
    let bound = try call.bind(["x", "name"], required: 2)
    let name = String(decoding: try call.string(bound[1], "name"), as: UTF8.self)
    return .bool(try Attributes.find(bound[0] ?? .none, AttributeName(name), call.thread) != nil)
  }

  @Sendable private static func hash(_ call: Call) throws -> Value {
    let value = try call.bind(["x"], required: 1)[0] ?? .none
    switch value {
    case .string(let string):
      // java.lang.String.hashCode, over UTF-16.
      var hash: Int32 = 0
      for unit in string.text.utf16 { hash = hash &* 31 &+ Int32(unit) }
      return .int(Int(hash))
    case .bytes(let bytes):
      // FNV-1a of 32 bits.
      var hash: UInt32 = 2_166_136_261
      for byte in bytes.bytes { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
      return .int(Int(hash))
    default: throw call.mismatch("x", value, want: "string or bytes")
    }
  }

  @Sendable private static func len(_ call: Call) throws -> Value {
    let value = try call.bind(["x"], required: 1)[0] ?? .none
    switch value {
    case .string(let string): return .int(string.utf8.count)
    case .bytes(let bytes): return .int(bytes.bytes.count)
    case .list(let list): return .int(list.count)
    case .tuple(let tuple): return .int(tuple.count)
    case .dict(let dict): return .int(dict.count)
    case .set(let set): return .int(set.count)
    case .range(let range): return .int(range.count)
    case .elements(let view): return .int(view.count)
    case .opaque(let reference):
      if let count = reference.object.count { return .int(count) }
    default: break
    }
    throw StarlarkError("len: value of type \(value.typeName) has no len")
  }

  @Sendable private static func repr(_ call: Call) throws -> Value {
    let value = try call.bind(["x"], required: 1)[0] ?? .none
    return .string(StarlarkString(utf8: try Printer.representationBytes(value, call.thread.meter)))
  }

  @Sendable private static func type(_ call: Call) throws -> Value {
    .string((try call.bind(["x"], required: 1)[0] ?? .none).typeName)
  }

  @Sendable private static func chr(_ call: Call) throws -> Value {
    let code = try call.int(try call.bind(["i"], required: 1)[0], "i")
    guard let scalar = UInt32(exactly: code).flatMap(Unicode.Scalar.init) else {
      throw call.failure("Unicode code point \(code) out of range")
    }
    var bytes: [UInt8] = []
    appendUTF8(scalar, to: &bytes)
    return .string(StarlarkString(utf8: bytes))
  }

  @Sendable private static func ord(_ call: Call) throws -> Value {
    let value = try call.bind(["s"], required: 1)[0] ?? .none
    switch value {
    case .string(let string):
      let view = StringElements(string.utf8, .codePointOrdinals)
      guard view.count == 1 else {
        throw call.failure("string encodes \(view.count) Unicode code points, want 1")
      }
      return view[0]
    case .bytes(let bytes):
      guard bytes.bytes.count == 1 else { throw call.failure("bytes has length \(bytes.bytes.count), want 1") }
      return .int(Int(bytes.bytes[0]))
    default: throw call.mismatch("s", value, want: "string or bytes")
    }
  }
}

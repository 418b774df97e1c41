import StarlarkSyntax

/// The text of `str` and `repr`.
struct Printer {
  private var bytes: [UInt8] = []
  private let meter: Meter
  /// The collections being printed, so that a value inside of itself ends as `[...]`.
  private var path: [ObjectIdentifier] = []

  private init(_ meter: Meter) { self.meter = meter }

  /// As `str`: a string unchanged, all else as `repr`.
  static func bytes(_ value: Value, _ meter: Meter) throws -> [UInt8] {
    switch value {
    case .string(let string): return string.utf8
    case .int(let int): return Array(String(int).utf8)
    case .bytes(let bytes): return Array(String(decoding: bytes.bytes, as: UTF8.self).utf8)
    default:
      var printer = Printer(meter)
      try printer.print(value)
      return printer.bytes
    }
  }

  static func representationBytes(_ value: Value, _ meter: Meter) throws -> [UInt8] {
    var printer = Printer(meter)
    try printer.print(value)
    return printer.bytes
  }

  static func text(_ value: Value, _ meter: Meter) throws -> String {
    String(decoding: try bytes(value, meter), as: UTF8.self)
  }

  static func representation(_ value: Value, _ meter: Meter) throws -> String {
    String(decoding: try representationBytes(value, meter), as: UTF8.self)
  }

  private mutating func add(_ text: String) throws {
    try meter.allocate(text.utf8.count)
    bytes.append(contentsOf: text.utf8)
  }

  private mutating func add(_ more: [UInt8]) throws {
    try meter.allocate(more.count)
    bytes.append(contentsOf: more)
  }

  private mutating func print(_ value: Value) throws {
    try meter.step()
    switch value {
    case .none: try add("None")
    case .bool(let value): try add(value ? "True" : "False")
    case .int(let value): try add(String(value))
    case .bigInt(let value):
      try meter.step(value.magnitude.count * value.magnitude.count / 16)
      try add(value.text())
    case .float(let value): try add(FloatFormat.compact(value))
    case .string(let value): try add(Quoting.quoted(value.utf8, isBytes: false))
    case .bytes(let value): try add(Quoting.quoted(value.bytes, isBytes: true))
    case .tuple(let tuple):
      try printElements(tuple.elements, "(", tuple.count == 1 ? ",)" : ")", nil, "(...)")
    case .list(let list): try printElements(list.elements, "[", "]", list, "[...]")
    case .set(let set):
      if set.count == 0 { try add("set()") } else { try printElements(set.elements, "set([", "])", set, "set(...)") }
    case .dict(let dict): try printDict(dict)
    case .range(let range):
      if range.step != 1 {
        try add("range(\(range.start), \(range.stop), \(range.step))")
      } else if range.start != 0 {
        try add("range(\(range.start), \(range.stop))")
      } else {
        try add("range(\(range.stop))")
      }
    case .elements(let view):
      try add(Quoting.quoted(view.bytes, isBytes: view.kind == .byteOrdinals))
      try add(view.methodName)
    case .function(let function): try add("<function \(function.name)>")
    case .builtin(let builtin):
      if let receiver = builtin.receiver {
        try add("<built-in method \(builtin.name) of \(receiver.typeName) value>")
      } else {
        try add("<built-in function \(builtin.name)>")
      }
    case .opaque(let reference): try add(reference.object.representation)
    case .unbound: try add("<unbound>")
    }
  }

  private mutating func printElements(
    _ elements: [Value], _ open: String, _ close: String, _ object: AnyObject?, _ cycle: String
  ) throws {
    if let object {
      if path.contains(ObjectIdentifier(object)) { return try add(cycle) }
      path.append(ObjectIdentifier(object))
    }
    guard meter.depth < Meter.maximumDepth else {
      throw StarlarkError("value is nested too deeply to be printed", kind: .limit)
    }
    meter.depth += 1
    defer { meter.depth -= 1 }
    try add(open)
    for (position, element) in elements.enumerated() {
      if position > 0 { try add(", ") }
      try print(element)
    }
    try add(close)
    if object != nil { path.removeLast() }
  }

  private mutating func printDict(_ dict: StarlarkDict) throws {
    if path.contains(ObjectIdentifier(dict)) { return try add("{...}") }
    path.append(ObjectIdentifier(dict))
    guard meter.depth < Meter.maximumDepth else {
      throw StarlarkError("value is nested too deeply to be printed", kind: .limit)
    }
    meter.depth += 1
    defer { meter.depth -= 1 }
    try add("{")
    for (position, item) in dict.items.enumerated() {
      if position > 0 { try add(", ") }
      try print(item.key)
      try add(": ")
      try print(item.value)
    }
    try add("}")
    path.removeLast()
  }
}

extension StringElements {
  fileprivate var methodName: String {
    switch kind {
    case .elements, .byteOrdinals: ".elems()"
    case .ordinals: ".elem_ords()"
    case .codePoints: ".codepoints()"
    case .codePointOrdinals: ".codepoint_ords()"
    }
  }
}

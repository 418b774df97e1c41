import StarlarkSyntax

extension StringMethods {
  static let casing: [(String, @Sendable (Call) throws -> Value)] = [
    (
      "lower",
      {
        try mapASCII($0) { byte in byte &- 0x41 < 26 ? byte | 0x20 : byte }
          ?? map($0) { scalar, _ in scalar.properties.lowercaseMapping }
      }
    ),
    (
      "upper",
      {
        try mapASCII($0) { byte in byte &- 0x61 < 26 ? byte & 0xDF : byte }
          ?? map($0) { scalar, _ in scalar.properties.uppercaseMapping }
      }
    ),
    (
      "title",
      {
        try map($0) { scalar, previous in
          previous.map(isLetter) ?? false ? scalar.properties.lowercaseMapping : scalar.properties.titlecaseMapping
        }
      }
    ),
    (
      "capitalize",
      {
        try map($0) { scalar, previous in
          previous == nil ? scalar.properties.titlecaseMapping : scalar.properties.lowercaseMapping
        }
      }
    ),
    ("isalnum", { try all($0) { isLetter($0) || isDecimal($0) } }), ("isalpha", { try all($0, isLetter) }),
    ("isdigit", { try all($0, isDecimal) }), ("isspace", { try all($0) { isSpace($0.value) } }),
    ("islower", { try cased($0) { $0.properties.isLowercase } }),
    ("isupper", { try cased($0) { $0.properties.isUppercase } }), ("istitle", istitle),
  ]

  private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: false
    }
  }

  private static func isDecimal(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.generalCategory == .decimalNumber
  }

  private static func isCased(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter: true
    default: false
    }
  }

  /// The code points of the receiver; nil represents a byte that is not UTF-8.
  private static func scalars(_ text: [UInt8]) -> [(scalar: Unicode.Scalar?, byte: UInt8)] {
    var result: [(scalar: Unicode.Scalar?, byte: UInt8)] = []
    result.reserveCapacity(text.count)
    var position = 0
    while position < text.count {
      let (scalar, length) = decodeCodePoint(text, at: position)
      result.append((scalar == 0xFFFD && length == 1 ? nil : Unicode.Scalar(scalar), text[position]))
      position += length
    }
    return result
  }

  /// The receiver with each byte transformed, when all are ASCII: Unicode's tables cost fifty times as much.
  private static func mapASCII(_ call: Call, _ transform: (UInt8) -> UInt8) throws -> Value? {
    let text = call.stringReceiver
    guard text.allSatisfy({ $0 < 0x80 }) else { return nil }
    _ = try call.bind([])
    try call.thread.meter.allocate(text.count)
    try call.thread.meter.step(text.count / 4)
    return .string(StarlarkString(utf8: text.map(transform)))
  }

  private static func map(_ call: Call, _ transform: (Unicode.Scalar, Unicode.Scalar?) -> String) throws -> Value {
    _ = try call.bind([])
    let text = call.stringReceiver
    try call.thread.meter.allocate(text.count, times: 8)
    try call.thread.meter.step(text.count / 4)
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var previous: Unicode.Scalar?
    for (scalar, byte) in scalars(text) {
      if let scalar { result += transform(scalar, previous).utf8 } else { result.append(byte) }
      previous = scalar ?? "\u{FFFD}"
    }
    return .string(StarlarkString(utf8: result))
  }

  private static func all(_ call: Call, _ test: (Unicode.Scalar) -> Bool) throws -> Value {
    _ = try call.bind([])
    let text = call.stringReceiver
    try call.thread.meter.step(text.count / 4)
    return .bool(!text.isEmpty && scalars(text).allSatisfy { $0.scalar.map(test) ?? false })
  }

  /// Whether there is a cased letter, and all cased letters satisfy the test.
  private static func cased(_ call: Call, _ test: (Unicode.Scalar) -> Bool) throws -> Value {
    _ = try call.bind([])
    let text = call.stringReceiver
    try call.thread.meter.step(text.count / 4)
    let letters = scalars(text).compactMap(\.scalar).filter(isCased)
    return .bool(!letters.isEmpty && letters.allSatisfy(test))
  }

  @Sendable private static func istitle(_ call: Call) throws -> Value {
    _ = try call.bind([])
    let text = call.stringReceiver
    try call.thread.meter.step(text.count / 4)
    var sawCased = false
    var afterCased = false
    for (scalar, _) in scalars(text) {
      guard let scalar, isCased(scalar) else {
        afterCased = false
        continue
      }
      let isLower = scalar.properties.generalCategory == .lowercaseLetter
      if isLower != afterCased { return .bool(false) }
      afterCased = true
      sawCased = true
    }
    return .bool(sawCased)
  }
}

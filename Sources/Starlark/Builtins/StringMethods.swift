import StarlarkSyntax

/// The methods of strings. Positions and lengths count bytes; character classes apply to code points.
enum StringMethods {
  static let table = builtinTable(search + cutting + casing + others)

  private static let search: [(String, @Sendable (Call) throws -> Value)] = [
    ("count", count), ("find", { try .int(find($0, last: false) ?? -1) }),
    ("rfind", { try .int(find($0, last: true) ?? -1) }), ("index", { try index($0, last: false) }),
    ("rindex", { try index($0, last: true) }), ("startswith", { try hasAffix($0, atEnd: false) }),
    ("endswith", { try hasAffix($0, atEnd: true) }), ("replace", replace),
  ]

  private static let others: [(String, @Sendable (Call) throws -> Value)] = [
    ("format", { call in try call.string(try BraceFormat.apply(call)) }), ("join", join),
    ("elems", { try view($0, .elements) }), ("elem_ords", { try view($0, .ordinals) }),
    ("codepoints", { try view($0, .codePoints) }), ("codepoint_ords", { try view($0, .codePointOrdinals) }),
  ]

  private static func view(_ call: Call, _ kind: StringElements.Kind) throws -> Value {
    _ = try call.bind([])
    try call.thread.meter.allocate(call.stringReceiver.count * 8)
    return .elements(StringElements(call.stringReceiver, kind))
  }

  @Sendable private static func count(_ call: Call) throws -> Value {
    let bound = try call.bind(["sub", "start", "end"], required: 1)
    let part = try call.string(bound[0], "sub")
    let text = call.stringReceiver
    var (low, high) = try bounds(call, bound[1], bound[2], text.count)
    if low > high { return .int(0) }
    try call.thread.meter.step(text.count / 16)
    if part.isEmpty {
      // Between code points, and at both ends.
      return .int(text[low..<high].count { $0 & 0xC0 != 0x80 } + 1)
    }
    var result = 0
    while let found = ByteSearch.first(part, in: text, from: low, to: high) {
      result += 1
      low = found + part.count
    }
    return .int(result)
  }

  private static func find(_ call: Call, last: Bool) throws -> Int? {
    let bound = try call.bind(["sub", "start", "end"], required: 1)
    let part = try call.string(bound[0], "sub")
    let text = call.stringReceiver
    let (low, high) = try bounds(call, bound[1], bound[2], text.count)
    try call.thread.meter.step(text.count / 16)
    return last
      ? ByteSearch.last(part, in: text, from: low, to: high) : ByteSearch.first(part, in: text, from: low, to: high)
  }

  private static func index(_ call: Call, last: Bool) throws -> Value {
    guard let found = try find(call, last: last) else { throw call.failure("substring not found") }
    return .int(found)
  }

  private static func hasAffix(_ call: Call, atEnd: Bool) throws -> Value {
    let bound = try call.bind([atEnd ? "suffix" : "prefix", "start", "end"], required: 1)
    let text = call.stringReceiver
    let (low, high) = try bounds(call, bound[1], bound[2], text.count)
    func matches(_ affix: [UInt8]) -> Bool {
      guard low <= high, affix.count <= high - low else { return false }
      return atEnd ? text[low..<high].suffix(affix.count).elementsEqual(affix) : text[low..<high].starts(with: affix)
    }
    if case .tuple(let candidates)? = bound[0] {
      var found = false
      for (position, candidate) in candidates.elements.enumerated() {
        guard case .string(let affix) = candidate else {
          throw call.failure("want string, got \(candidate.typeName), for element \(position)")
        }
        if matches(affix.utf8) { found = true }
      }
      return .bool(found)
    }
    return .bool(matches(try call.string(bound[0], atEnd ? "suffix" : "prefix")))
  }

  @Sendable private static func replace(_ call: Call) throws -> Value {
    let bound = try call.bind(["old", "new", "count"], required: 2)
    let (old, new) = (try call.string(bound[0], "old"), try call.string(bound[1], "new"))
    var remaining = try bound[2].map { try call.int($0, "count") } ?? -1
    let text = call.stringReceiver
    var result: [UInt8] = []
    var position = 0
    if old.isEmpty {
      // Before each code point, and at the end.
      while remaining != 0 {
        try call.thread.meter.allocate(new.count + 4)
        result += new
        remaining -= 1
        guard position < text.count else { break }
        let length = decodeCodePoint(text, at: position).length
        result += text[position..<(position + length)]
        position += length
      }
      if position < text.count { result += text[position...] }
      return .string(StarlarkString(utf8: result))
    }
    while remaining != 0, let found = ByteSearch.first(old, in: text, from: position, to: text.count) {
      try call.thread.meter.allocate(new.count + found - position)
      result += text[position..<found]
      result += new
      position = found + old.count
      remaining -= 1
    }
    result += text[position...]
    return try call.string(result)
  }

  @Sendable private static func join(_ call: Call) throws -> Value {
    let elements = try call.elements(try call.bind(["iterable"], required: 1)[0], "iterable")
    let separator = call.stringReceiver
    var result: [UInt8] = []
    for (position, element) in elements.enumerated() {
      guard case .string(let string) = element else {
        throw call.failure("in list, want string, got \(element.typeName)")
      }
      if position > 0 { result += separator }
      try call.thread.meter.allocate(separator.count + string.utf8.count)
      result += string.utf8
    }
    return .string(StarlarkString(utf8: result))
  }
}

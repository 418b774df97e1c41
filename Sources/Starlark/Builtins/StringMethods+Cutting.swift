import StarlarkSyntax

extension StringMethods {
  static let cutting: [(String, @Sendable (Call) throws -> Value)] = [
    ("split", { try split($0, fromEnd: false) }), ("rsplit", { try split($0, fromEnd: true) }),
    ("splitlines", splitlines), ("partition", { try partition($0, atLast: false) }),
    ("rpartition", { try partition($0, atLast: true) }), ("strip", { try strip($0, left: true, right: true) }),
    ("lstrip", { try strip($0, left: true, right: false) }), ("rstrip", { try strip($0, left: false, right: true) }),
    ("removeprefix", { try remove($0, "prefix", atEnd: false) }),
    ("removesuffix", { try remove($0, "suffix", atEnd: true) }),
  ]

  private static func strings(_ call: Call, _ parts: some Sequence<ArraySlice<UInt8>>) throws -> Value {
    var result: [Value] = []
    for part in parts { result.append(try call.string(Array(part))) }
    return try call.list(result)
  }

  private static func split(_ call: Call, fromEnd: Bool) throws -> Value {
    let bound = try call.bind(["sep", "maxsplit"])
    let text = call.stringReceiver
    let limit = try call.optionalInt(bound[1], "maxsplit") ?? -1
    guard let given = bound[0], !given.isNone else {
      return try strings(call, splitAtSpace(text, limit < 0 ? Int.max : limit, fromEnd))
    }
    let separator = try call.string(given, "sep")
    if separator.isEmpty { throw call.failure("empty separator") }
    try call.thread.meter.step(text.count / 16)
    var parts: [ArraySlice<UInt8>] = []
    if fromEnd {
      var high = text.count
      while limit < 0 || parts.count < limit,
        let found = ByteSearch.last(separator, in: text, from: 0, to: high)
      {
        parts.append(text[(found + separator.count)..<high])
        high = found
      }
      parts.append(text[..<high])
      parts.reverse()
    } else {
      var low = 0
      while limit < 0 || parts.count < limit,
        let found = ByteSearch.first(separator, in: text, from: low, to: text.count)
      {
        parts.append(text[low..<found])
        low = found + separator.count
      }
      parts.append(text[low...])
    }
    return try strings(call, parts)
  }

  /// The runs of characters between white space; after `limit` splits, the rest as it is.
  private static func splitAtSpace(_ text: [UInt8], _ limit: Int, _ fromEnd: Bool) -> [ArraySlice<UInt8>] {
    var words: [Range<Int>] = []
    var start: Int?
    var position = 0
    while position < text.count {
      let (scalar, length) = decodeCodePoint(text, at: position)
      if isSpace(scalar) {
        if let begin = start { words.append(begin..<position) }
        start = nil
      } else if start == nil {
        start = position
      }
      position += length
    }
    if let begin = start { words.append(begin..<text.count) }
    if words.count <= limit { return words.map { text[$0] } }
    // The unsplit remainder keeps its inner white space, and its outer white space at the end that no split reaches.
    if fromEnd {
      let kept = words.suffix(limit)
      let rest = words[words.count - limit - 1]
      return [text[..<rest.upperBound]] + kept.map { text[$0] }
    }
    let kept = words.prefix(limit)
    return kept.map { text[$0] } + [text[words[limit].lowerBound...]]
  }

  @Sendable private static func splitlines(_ call: Call) throws -> Value {
    let keepEnds = try call.bool(try call.bind(["keepends"])[0], "keepends") ?? false
    let text = call.stringReceiver
    var lines: [ArraySlice<UInt8>] = []
    var low = 0
    var position = 0
    while position < text.count {
      let byte = text[position]
      position += 1
      guard byte == 0x0A || byte == 0x0D else { continue }
      let end = position - 1
      if byte == 0x0D, position < text.count, text[position] == 0x0A { position += 1 }
      lines.append(text[low..<(keepEnds ? position : end)])
      low = position
    }
    if low < text.count { lines.append(text[low...]) }
    return try strings(call, lines)
  }

  private static func partition(_ call: Call, atLast: Bool) throws -> Value {
    let separator = try call.string(try call.bind(["sep"], required: 1)[0], "sep")
    if separator.isEmpty { throw call.failure("empty separator") }
    let text = call.stringReceiver
    try call.thread.meter.step(text.count >> 6)
    let found =
      atLast
      ? ByteSearch.last(separator, in: text, from: 0, to: text.count)
      : ByteSearch.first(separator, in: text, from: 0, to: text.count)
    let whole = Value.string(StarlarkString(utf8: text))
    guard let found else {
      let empty = Value.string("")
      return .tuple(atLast ? [empty, empty, whole] : [whole, empty, empty])
    }
    return .tuple([
      try call.string(Array(text[..<found])), try call.string(separator),
      try call.string(Array(text[(found + separator.count)...])),
    ])
  }

  private static func strip(_ call: Call, left: Bool, right: Bool) throws -> Value {
    let bound = try call.bind(["cutset"])
    var cutset: Set<UInt32> = []
    if let given = bound[0], !given.isNone {
      let characters = try call.string(given, "cutset")
      var position = 0
      while position < characters.count {
        let (scalar, length) = decodeCodePoint(characters, at: position)
        cutset.insert(scalar)
        position += length
      }
    }
    let text = call.stringReceiver
    try call.thread.meter.step(text.count >> 6)
    func isCut(_ scalar: UInt32) -> Bool { cutset.isEmpty ? isSpace(scalar) : cutset.contains(scalar) }
    var low = 0
    while left, low < text.count {
      let (scalar, length) = decodeCodePoint(text, at: low)
      guard isCut(scalar) else { break }
      low += length
    }
    var high = text.count
    while right, high > low {
      var start = high - 1
      while start > low, text[start] & 0xC0 == 0x80 { start -= 1 }
      let (scalar, length) = decodeCodePoint(text, at: start)
      guard start + length == high, isCut(scalar) else { break }
      high = start
    }
    return try call.string(Array(text[low..<high]))
  }

  private static func remove(_ call: Call, _ parameter: String, atEnd: Bool) throws -> Value {
    let affix = try call.string(try call.bind([parameter], required: 1)[0], parameter)
    let text = call.stringReceiver
    if atEnd, text.count >= affix.count, text.suffix(affix.count).elementsEqual(affix) {
      return try call.string(Array(text.dropLast(affix.count)))
    }
    if !atEnd, text.starts(with: affix) { return try call.string(Array(text.dropFirst(affix.count))) }
    return .string(StarlarkString(utf8: text))
  }

  static func isSpace(_ scalar: UInt32) -> Bool {
    if scalar < 0x80 { return scalar == 0x20 || (scalar >= 0x09 && scalar <= 0x0D) }
    return Unicode.Scalar(scalar)?.properties.isWhitespace ?? false
  }
}

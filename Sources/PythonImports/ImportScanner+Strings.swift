extension ImportScanner {
  /// Steps over a comment up to its line break, and records its directive about inference.
  mutating func skipComment(notesMarks: Bool = true) {
    let start = position
    position = firstIndex(of: 0x0A, from: start, to: bytes.count) ?? bytes.count
    if hasCarriageReturns { position = firstIndex(of: 0x0D, from: start, to: position) ?? position }
    // "# kilt: infer-dep(x)" is the shortest mark that counts.
    if notesMarks, position - start >= 18 { readMark(start..<position) }
  }

  private mutating func readMark(_ range: Range<Int>) {
    var index = range.lowerBound
    var isOurs = false
    while true {
      index += 1
      while index < range.upperBound, bytes[index] == UInt8(ascii: " ") { index += 1 }
      isOurs = matches("kilt: ", at: index)
      if isOurs || matches("pants: ", at: index) { break }
      guard let next = firstIndex(of: UInt8(ascii: "#"), from: index, to: range.upperBound) else { return }
      index = next
    }
    var mark = text(index..<range.upperBound).drop { $0 != ":" }.dropFirst().drop { $0 == " " }
    if mark.hasPrefix("no-infer-dep") {
      marks.append(range)
    } else if isOurs, mark.hasPrefix("infer-dep(") {
      mark = mark.dropFirst("infer-dep(".count)
      guard let close = mark.firstIndex(of: ")") else { return }
      found.explicitDependencies.append(LineText(text: String(mark[..<close]), line: range.lowerBound))
    }
  }

  /// Steps over the string literal whose quote is at the position; its prefix comes before.
  ///
  /// - Returns: the range of its text; nil for a literal with replacement fields, or without an end.
  @discardableResult mutating func skipString() -> Range<Int>? {
    let quote = bytes[position]
    let prefix = literalPrefix()
    let triple = peek(1) == quote && peek(2) == quote
    if !triple, peek(1) == quote {
      position += 2
      return position - 1..<position - 1
    }
    position += triple ? 3 : 1
    let start = position
    if prefix.isFormatted, fieldDepth < 100 {
      let fields = skipFormatted(quote: quote, triple: triple, raw: prefix.isRaw)
      let end = position - (triple ? 3 : 1)
      return fields == 0 && end >= start && bytes[end] == quote ? start..<end : nil
    }
    if triple { return skipTripleQuoted(quote) }
    while position < bytes.count {
      let byte = bytes[position]
      if byte == quote {
        position += 1
        return start..<position - 1
      }
      // A line break ends a literal without its closing quote: the text is not Python, but the next line can be.
      if byte == 0x0A || byte == 0x0D { return nil }
      position += 1
      if byte == UInt8(ascii: "\\") { skipEscaped() }
    }
    return nil
  }

  /// Steps over the rest of a string in triple quotes: from quote to quote, as long strings are mostly text.
  private mutating func skipTripleQuoted(_ quote: UInt8) -> Range<Int>? {
    let start = position
    while let hit = firstIndex(of: quote, from: position, to: bytes.count) {
      var unescaped = hit
      while unescaped > position, bytes[unescaped - 1] == UInt8(ascii: "\\") { unescaped -= 1 }
      position = hit + 1
      if (hit - unescaped) % 2 == 0, peek() == quote, peek(1) == quote {
        position += 2
        return start..<hit
      }
    }
    position = bytes.count
    return nil
  }

  private mutating func skipEscaped() {
    if peek() == 0x0A || peek() == 0x0D {
      skipLineBreak()
    } else {
      position += 1
    }
  }

  /// The meaning of the letters before the quote at the position. (The Python Language Reference, section 2.4.1.)
  @inline(__always) private func literalPrefix() -> (isFormatted: Bool, isRaw: Bool) {
    guard position > 0, isNameByte(bytes[position - 1]) else { return (false, false) }
    return longPrefix()
  }

  private func longPrefix() -> (isFormatted: Bool, isRaw: Bool) {
    var index = position
    var formatted = false
    var raw = false
    while index > 0, position - index < 3 {
      switch bytes[index - 1] | 0x20 {
      case UInt8(ascii: "f"), UInt8(ascii: "t"): formatted = true
      case UInt8(ascii: "r"): raw = true
      case UInt8(ascii: "b"), UInt8(ascii: "u"): break
      default: return isNameByte(bytes[index - 1]) ? (false, false) : (formatted, raw)
      }
      index -= 1
    }
    return index > 0 && isNameByte(bytes[index - 1]) ? (false, false) : (formatted, raw)
  }

  /// Steps over the rest of an f-string, whose fields can contain strings with the same quotes (PEP 701).
  ///
  /// - Returns: the number of its fields.
  private mutating func skipFormatted(quote: UInt8, triple: Bool, raw: Bool) -> Int {
    var fields = 0
    while position < bytes.count {
      let byte = bytes[position]
      switch byte {
      case quote:
        if !triple {
          position += 1
          return fields
        }
        if peek(1) == quote, peek(2) == quote {
          position += 3
          return fields
        }
        position += 1
      case UInt8(ascii: "\\"):
        position += 1
        if !raw, peek() == UInt8(ascii: "N"), peek(1) == UInt8(ascii: "{") {
          position += 2
        } else if peek() != UInt8(ascii: "{") {
          skipEscaped()
        }
      case UInt8(ascii: "{"):
        position += 1
        if peek() == UInt8(ascii: "{") {
          position += 1
        } else {
          fields += 1
          fieldDepth += 1
          skipField(quote: quote, triple: triple)
          fieldDepth -= 1
        }
      case 0x0A, 0x0D:
        if !triple { return fields }
        skipLineBreak()
      default: position += 1
      }
    }
    return fields
  }

  /// Steps over one replacement field, after its opening brace, and its format.
  private mutating func skipField(quote: UInt8, triple: Bool) {
    var depth = 0
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""), UInt8(ascii: "'"): skipString()
      case UInt8(ascii: "#"): skipComment()
      case 0x0A, 0x0D: skipLineBreak()
      case UInt8(ascii: "("):
        scanCall()
        depth += 1
        position += 1
      case UInt8(ascii: "["), UInt8(ascii: "{"):
        depth += 1
        position += 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"):
        depth -= 1
        position += 1
      case UInt8(ascii: "}"):
        position += 1
        if depth <= 0 { return }
        depth -= 1
      case UInt8(ascii: ":") where depth <= 0:
        position += 1
        skipFormat(quote: quote, triple: triple)
        return
      default: position += 1
      }
    }
  }

  /// Steps over a format through the brace that ends its field; fields can be nested in it.
  private mutating func skipFormat(quote: UInt8, triple: Bool) {
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "}"):
        position += 1
        return
      case UInt8(ascii: "{"):
        position += 1
        guard fieldDepth < 100 else { return }
        fieldDepth += 1
        skipField(quote: quote, triple: triple)
        fieldDepth -= 1
      case quote:
        if !triple || (peek(1) == quote && peek(2) == quote) { return }
        position += 1
      case 0x0A, 0x0D:
        if !triple { return }
        skipLineBreak()
      default: position += 1
      }
    }
  }
}

extension Parser {
  /// A string, bytes or f-string literal; several in a row where the dialect joins them.
  mutating func strings() throws -> Int32 {
    let start = token.start
    var parts: [Int32] = []
    var text: [UInt8] = []
    var isBytes: Bool?
    var isFormat = false
    repeat {
      let literal = StringLiteral(token, in: source.bytes)
      if let isBytes, isBytes != literal.isBytes { throw error("cannot join string and bytes literals") }
      isBytes = literal.isBytes
      if literal.isFormat {
        if !dialect.fStrings {
          throw error("f-strings are not part of Starlark", hint: "use \"…\".format(…) or %")
        }
        if literal.isBytes { throw error("a literal cannot be both bytes and f-string") }
        isFormat = true
        try formatParts(literal, &text, &parts)
      } else {
        text += try literal.decoded(literal.contents, in: source)
      }
      try advance()
      if token.kind == .string, !dialect.adjacentStringConcatenation {
        throw error("syntax error: string literals are not joined implicitly", hint: "use + between them")
      }
    } while token.kind == .string
    if !isFormat {
      return constant(isBytes == true ? .bytes(text) : .string(text), at: start)
    }
    if !text.isEmpty { parts.append(constant(.string(text), at: start)) }
    let (first, count) = list(parts)
    return node(.format, at: start, first, count)
  }

  /// Splits an f-string into text and fields: `{{` and `}}` are braces, `{expression!r:format}` is a field.
  private mutating func formatParts(_ literal: StringLiteral, _ text: inout [UInt8], _ parts: inout [Int32]) throws {
    let bytes = source.bytes
    var position = literal.contents.lowerBound
    let end = literal.contents.upperBound
    var textStart = position
    while position < end {
      let byte = bytes[position]
      if byte == 0x5C, !literal.isRaw {
        position += 2
        continue
      }
      guard byte == 0x7B || byte == 0x7D else {
        position += 1
        continue
      }
      text += try literal.decoded(textStart..<position, in: source)
      if position + 1 < end, bytes[position + 1] == byte {
        text.append(byte)
        position += 2
        textStart = position
        continue
      }
      if byte == 0x7D { throw error("single '}' in f-string", at: position, hint: "write }}") }
      if !text.isEmpty {
        parts.append(constant(.string(text), at: position))
        text = []
      }
      parts.append(try formatField(&position, end))
      textStart = position
    }
    if textStart < end { text += try literal.decoded(textStart..<end, in: source) }
  }

  /// One `{…}`; `position` is at the brace, and after it on return.
  private mutating func formatField(_ position: inout Int, _ end: Int) throws -> Int32 {
    let start = position
    let outerLexer = lexer
    let outerToken = token
    lexer = Lexer(source: source, expressionFrom: position + 1, to: end)
    try advance()
    if token.kind == .closeBrace || token.kind == .end { throw error("empty expression in f-string", at: start) }
    let value = try fieldExpression()
    var conversion: Int32 = 0
    var cursor = token.start
    let bytes = source.bytes
    if cursor < end, bytes[cursor] == 0x21 {
      guard cursor + 1 < end, bytes[cursor + 1] == 0x72 || bytes[cursor + 1] == 0x73 else {
        throw error("f-string: unknown conversion", at: cursor, hint: "use !r or !s")
      }
      conversion = Int32(bytes[cursor + 1])
      cursor += 2
    }
    var format: Int32 = -1
    if cursor < end, bytes[cursor] == 0x3A {
      var close = cursor + 1
      while close < end, bytes[close] != 0x7D {
        if bytes[close] == 0x7B { throw error("f-string: nested fields are not supported", at: close) }
        close += 1
      }
      tree.constants.append(.string(Array(bytes[(cursor + 1)..<close])))
      format = Int32(tree.constants.count - 1)
      cursor = close
    }
    guard cursor < end, bytes[cursor] == 0x7D else { throw error("f-string: expecting '}'", at: cursor) }
    position = cursor + 1
    lexer = outerLexer
    token = outerToken
    return node(.formatField, at: start, value, conversion, format)
  }

  private mutating func fieldExpression() throws -> Int32 { try expression() }
}

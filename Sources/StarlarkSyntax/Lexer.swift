/// Turns the bytes of a file into tokens, one at a time.
///
/// Line structure follows the specification (and Python): newlines inside brackets do not count, indentation produces
/// `indent` and `outdent` tokens, a tab advances to the next multiple of eight.
struct Lexer {
  let source: SourceFile
  private let bytes: [UInt8]
  private var position: Int
  private let end: Int
  private var indents: [Int] = [0]
  private var pendingOutdents = 0
  private var bracketDepth = 0
  private var atLineStart = true
  /// Whether the line has tokens and no newline yet: the end of the file then counts as a newline.
  private var isInLine = false
  /// Whether this is an expression inside of an f-string, which ends at `!`.
  private var isField = false

  static let maximumIndents = 100

  init(source: SourceFile) throws {
    self.source = source
    bytes = source.bytes
    end = bytes.count
    position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    try checkText()
  }

  /// A lexer for an expression inside of a literal: it begins and ends in the middle of the file, without line structure.
  init(source: SourceFile, expressionFrom start: Int, to end: Int) {
    self.source = source
    bytes = source.bytes
    position = start
    self.end = end
    bracketDepth = 1
    atLineStart = false
    isField = true
  }

  func error(_ message: String, at offset: Int, hint: String? = nil) -> StarlarkError {
    StarlarkError(
      message, kind: .syntax, hint: hint, location: StarlarkLocation(source: source, offset: min(offset, bytes.count)))
  }

  /// A file is UTF-8 without NUL.
  private func checkText() throws {
    let bad: Int? = bytes.withUnsafeBufferPointer { buffer in
      for index in buffer.indices where buffer[index] == 0 || buffer[index] >= 0x80 { return index }
      return nil
    }
    guard var index = bad else { return }
    while index < end {
      if bytes[index] == 0 { throw error("the file contains a NUL byte", at: index) }
      let (scalar, length) = decodeCodePoint(bytes, at: index)
      if scalar == 0xFFFD, length == 1 { throw error("the file is not valid UTF-8", at: index) }
      index += length
    }
  }

  private func byte(_ offset: Int) -> UInt8 { offset < end ? bytes[offset] : 0 }

  /// The next token.
  mutating func next() throws -> Token {
    if pendingOutdents > 0 {
      pendingOutdents -= 1
      return Token(kind: .outdent, start: position, end: position)
    }
    if atLineStart, bracketDepth == 0, let token = try lineStart() { return token }
    skipSpace()
    let start = position
    guard position < end else {
      if bracketDepth > 0 || indents.count == 1 { return Token(kind: .end, start: end, end: end) }
      if isInLine {
        isInLine = false
        return Token(kind: .newline, start: end, end: end)
      }
      indents.removeLast()
      return Token(kind: .outdent, start: end, end: end)
    }
    let first = bytes[position]
    if first == 0x0A {
      position += 1
      atLineStart = true
      isInLine = false
      return Token(kind: .newline, start: start, end: position)
    }
    isInLine = true
    if isIdentifierStart(first) { return try word(start) }
    if isDigit(first) || (first == 0x2E && isDigit(byte(position + 1))) { return try number(start) }
    if first == 0x22 || first == 0x27 { return try string(start, quote: position, raw: false) }
    return try punctuation(start, first)
  }

  /// Handles the indentation of a new line; nil if it equals the indentation of the line before.
  private mutating func lineStart() throws -> Token? {
    var column = 0
    scan: while position < end {
      switch bytes[position] {
      case 0x20: column += 1
      case 0x09: column = (column / 8 + 1) * 8
      case 0x0D: break
      case 0x0C: column = 0
      case 0x0A: column = 0
      case 0x23:
        while position < end, bytes[position] != 0x0A { position += 1 }
        continue
      default: break scan
      }
      position += 1
    }
    atLineStart = false
    guard position < end else { return nil }
    let current = indents[indents.count - 1]
    if column == current { return nil }
    if column > current {
      guard indents.count < Self.maximumIndents else { throw error("too many levels of indentation", at: position) }
      indents.append(column)
      return Token(kind: .indent, start: position, end: position)
    }
    while let top = indents.last, column < top {
      indents.removeLast()
      pendingOutdents += 1
    }
    if column != indents.last { throw error("unindent does not match any outer indentation level", at: position) }
    pendingOutdents -= 1
    return Token(kind: .outdent, start: position, end: position)
  }

  private mutating func skipSpace() {
    while position < end {
      switch bytes[position] {
      case 0x20, 0x09, 0x0D, 0x0C: position += 1
      case 0x0A:
        if bracketDepth == 0 { return }
        position += 1
      case 0x23:
        while position < end, bytes[position] != 0x0A { position += 1 }
      case 0x5C:
        // A backslash before the line end joins the lines.
        if byte(position + 1) == 0x0A {
          position += 2
        } else if byte(position + 1) == 0x0D, byte(position + 2) == 0x0A {
          position += 3
        } else {
          return
        }
      default: return
      }
    }
  }

  private mutating func word(_ start: Int) throws -> Token {
    var isPlain = true
    while position < end, isIdentifierStart(bytes[position]) || isDigit(bytes[position]) {
      if bytes[position] >= 0x80 { isPlain = false }
      position += 1
    }
    let length = position - start
    if length <= 2, byte(position) == 0x22 || byte(position) == 0x27 {
      // A string prefix: any of r, b, f; rb, br, fr, rf.
      let prefix = bytes[start..<position].map { $0 | 0x20 }
      if prefix.allSatisfy({ $0 == 0x72 || $0 == 0x62 || $0 == 0x66 || $0 == 0x75 }), Set(prefix).count == length {
        return try string(start, quote: position, raw: prefix.contains(0x72))
      }
    }
    if !isPlain { try checkLetters(start, position) }
    let keyword = bytes.withUnsafeBufferPointer { TokenKind.keyword($0[start..<position]) }
    return Token(kind: keyword ?? .identifier, start: start, end: position)
  }

  private func checkLetters(_ start: Int, _ end: Int) throws {
    var index = start
    while index < end {
      let (scalar, length) = decodeCodePoint(bytes, at: index)
      if let scalar = Unicode.Scalar(scalar) {
        let properties = scalar.properties
        if scalar != "_", !(index == start ? properties.isXIDStart : properties.isXIDContinue) {
          throw error("unexpected character \(Quoting.quoted(String(scalar)))", at: index)
        }
      }
      index += length
    }
  }

  private mutating func number(_ start: Int) throws -> Token {
    if bytes[position] == 0x30 {
      let accepts: ((UInt8) -> Bool)? =
        switch byte(position + 1) | 0x20 {
        case 0x78: { isHexDigit($0) }
        case 0x6F: { $0 >= 0x30 && $0 <= 0x37 }
        case 0x62: { $0 == 0x30 || $0 == 0x31 }
        default: nil
        }
      if let accepts {
        position += 2
        let digits = position
        while position < end, accepts(bytes[position]) { position += 1 }
        if position == digits || isDigit(byte(position)) { throw error("invalid number literal", at: start) }
        return Token(kind: .integer, start: start, end: position)
      }
    }
    while isDigit(byte(position)) { position += 1 }
    var kind = TokenKind.integer
    if byte(position) == 0x2E {
      kind = .float
      position += 1
      while isDigit(byte(position)) { position += 1 }
    }
    if byte(position) | 0x20 == 0x65 {
      let sign = byte(position + 1) == 0x2B || byte(position + 1) == 0x2D ? 1 : 0
      if isDigit(byte(position + 1 + sign)) {
        kind = .float
        position += 1 + sign
        while isDigit(byte(position)) { position += 1 }
      } else if kind == .float || sign == 1 {
        throw error("invalid float literal", at: start)
      }
    }
    if kind == .integer, bytes[start] == 0x30, position - start > 1 {
      for index in start..<position where bytes[index] != 0x30 {
        throw error("invalid integer literal: obsolete form of octal, write 0o…", at: start)
      }
    }
    return Token(kind: kind, start: start, end: position)
  }

  /// Finds the end of a string literal, without decoding it.
  private mutating func string(_ start: Int, quote quotePosition: Int, raw: Bool) throws -> Token {
    let quote = bytes[quotePosition]
    let isTriple = byte(quotePosition + 1) == quote && byte(quotePosition + 2) == quote
    position = quotePosition + (isTriple ? 3 : 1)
    while position < end {
      let current = bytes[position]
      if current == 0x5C {
        position += 2
        continue
      }
      if current == quote {
        if !isTriple {
          position += 1
          return Token(kind: .string, start: start, end: position)
        }
        if byte(position + 1) == quote, byte(position + 2) == quote {
          position += 3
          return Token(kind: .string, start: start, end: position)
        }
      }
      if current == 0x0A, !isTriple { break }
      position += 1
    }
    throw error("unterminated string literal", at: start)
  }

  private mutating func punctuation(_ start: Int, _ first: UInt8) throws -> Token {
    let second = byte(start + 1)
    let third = byte(start + 2)
    let (kind, length): (TokenKind, Int)
    switch first {
    case 0x28, 0x5B, 0x7B:
      bracketDepth += 1
      (kind, length) = (first == 0x28 ? .openParen : first == 0x5B ? .openBracket : .openBrace, 1)
    case 0x29, 0x5D, 0x7D:
      bracketDepth = max(0, bracketDepth - 1)
      (kind, length) = (first == 0x29 ? .closeParen : first == 0x5D ? .closeBracket : .closeBrace, 1)
    case 0x2C: (kind, length) = (.comma, 1)
    case 0x3A: (kind, length) = (.colon, 1)
    case 0x3B: (kind, length) = (.semicolon, 1)
    case 0x2E: (kind, length) = (.dot, 1)
    case 0x7E: (kind, length) = (.tilde, 1)
    case 0x3D: (kind, length) = second == 0x3D ? (.equal, 2) : (.assign, 1)
    case 0x21:
      if isField, second != 0x3D { return Token(kind: .end, start: start, end: start) }
      guard second == 0x3D else { throw error("unexpected character \"!\"", at: start, hint: "write not for negation") }
      (kind, length) = (.notEqual, 2)
    case 0x2B: (kind, length) = second == 0x3D ? (.plusAssign, 2) : (.plus, 1)
    case 0x2D: (kind, length) = second == 0x3D ? (.minusAssign, 2) : (.minus, 1)
    case 0x25: (kind, length) = second == 0x3D ? (.percentAssign, 2) : (.percent, 1)
    case 0x26: (kind, length) = second == 0x3D ? (.ampersandAssign, 2) : (.ampersand, 1)
    case 0x7C: (kind, length) = second == 0x3D ? (.pipeAssign, 2) : (.pipe, 1)
    case 0x5E: (kind, length) = second == 0x3D ? (.caretAssign, 2) : (.caret, 1)
    case 0x2A:
      (kind, length) = second == 0x2A ? (.starStar, 2) : second == 0x3D ? (.starAssign, 2) : (.star, 1)
    case 0x2F:
      if second == 0x2F {
        (kind, length) = third == 0x3D ? (.slashSlashAssign, 3) : (.slashSlash, 2)
      } else {
        (kind, length) = second == 0x3D ? (.slashAssign, 2) : (.slash, 1)
      }
    case 0x3C:
      if second == 0x3C {
        (kind, length) = third == 0x3D ? (.shiftLeftAssign, 3) : (.shiftLeft, 2)
      } else {
        (kind, length) = second == 0x3D ? (.lessEqual, 2) : (.less, 1)
      }
    case 0x3E:
      if second == 0x3E {
        (kind, length) = third == 0x3D ? (.shiftRightAssign, 3) : (.shiftRight, 2)
      } else {
        (kind, length) = second == 0x3D ? (.greaterEqual, 2) : (.greater, 1)
      }
    default:
      let scalar = Unicode.Scalar(decodeCodePoint(bytes, at: start).scalar).map(String.init) ?? "?"
      throw error("unexpected character \(Quoting.quoted(scalar))", at: start)
    }
    position = start + length
    return Token(kind: kind, start: start, end: position)
  }
}

@inline(__always)
package func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

@inline(__always)
func isHexDigit(_ byte: UInt8) -> Bool { isDigit(byte) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x66) }

@inline(__always)
func isIdentifierStart(_ byte: UInt8) -> Bool {
  (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || byte == 0x5F || byte >= 0x80
}

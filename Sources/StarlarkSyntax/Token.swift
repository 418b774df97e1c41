/// The kinds of token; the text of identifiers and literals is read from the source.
package enum TokenKind: UInt8 {
  case end, newline, indent, outdent
  case identifier, integer, float, string
  // Punctuation.
  case plus, minus, star, starStar, slash, slashSlash, percent, tilde, ampersand, pipe, caret, shiftLeft, shiftRight
  case dot, comma, assign, semicolon, colon, openParen, closeParen, openBracket, closeBracket, openBrace, closeBrace
  case less, greater, lessEqual, greaterEqual, equal, notEqual
  case plusAssign, minusAssign, starAssign, slashAssign, slashSlashAssign, percentAssign
  case ampersandAssign, pipeAssign, caretAssign, shiftLeftAssign, shiftRightAssign
  // Keywords.
  case and, `break`, `continue`, def, elif, `else`, `for`, `if`, `in`, lambda, load, not, or, pass, `return`
  /// A word that Python reserves and Starlark does not use.
  case reserved
}

/// A token: the bytes from `start` up to `end` of its file.
package struct Token {
  package var kind: TokenKind
  package var start: Int
  package var end: Int
}

extension SourceFile {
  /// Returns the tokens of the whole file, for changes to its text. The last token is of kind `end`.
  ///
  /// - Throws: `StarlarkError` for text that is not a token.
  package func tokens() throws -> [Token] {
    var lexer = try Lexer(source: self)
    var tokens: [Token] = []
    while true {
      let token = try lexer.next()
      tokens.append(token)
      if token.kind == .end { return tokens }
    }
  }

  /// The text that a string token means; nil for an f-string and for bytes.
  ///
  /// - Throws: `StarlarkError` for a wrong escape.
  package func text(ofString token: Token) throws -> String? {
    let literal = StringLiteral(token, in: bytes)
    guard !literal.isFormat, !literal.isBytes else { return nil }
    return String(decoding: try literal.decoded(literal.contents, in: self), as: UTF8.self)
  }
}

extension TokenKind {
  static func keyword(_ word: Slice<UnsafeBufferPointer<UInt8>>) -> TokenKind? {
    guard word.count >= 2, word.count <= 8 else { return nil }
    // The first letter and length exclude most identifiers before a string is created.
    guard let first = word.first, first >= 0x61, first <= 0x79 else { return nil }
    for byte in word where byte < 0x61 || byte > 0x7A { return nil }
    return keywords[String(decoding: word, as: UTF8.self)]
  }

  private static let keywords: [String: TokenKind] = [
    "and": .and, "break": .break, "continue": .continue, "def": .def, "elif": .elif, "else": .else, "for": .for,
    "if": .if, "in": .in, "lambda": .lambda, "load": .load, "not": .not, "or": .or, "pass": .pass,
    "return": .return, "as": .reserved, "assert": .reserved, "async": .reserved, "await": .reserved,
    "class": .reserved, "del": .reserved, "except": .reserved, "finally": .reserved, "from": .reserved,
    "global": .reserved, "import": .reserved, "is": .reserved, "nonlocal": .reserved, "raise": .reserved,
    "try": .reserved, "while": .reserved, "with": .reserved, "yield": .reserved,
  ]
}

/// The kinds of token; the text of identifiers and literals is read from the source.
enum TokenKind: UInt8 {
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

struct Token {
  var kind: TokenKind
  var start: Int
  var end: Int
}

extension TokenKind {
  static func keyword(_ word: Slice<UnsafeBufferPointer<UInt8>>) -> TokenKind? {
    guard word.count >= 2, word.count <= 8 else { return nil }
    // Most identifiers are ruled out by their first letter and length, before a string is made.
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

internal import StarlarkSyntax

/// A BUILD file as its tokens, for changes that leave all other bytes as they are.
struct BuildFileText {
  /// A part between brackets that commas separate: an argument, an element of a list, an entry of a dictionary.
  struct Element {
    /// The tokens, without the comma.
    var tokens: ClosedRange<Int>
    /// The comma after it.
    var comma: Int?
  }

  /// The text between brackets.
  struct Brackets {
    var opening: Int
    var closing: Int
    var elements: [Element]
  }

  let source: SourceFile
  let tokens: [Token]
  /// The other bracket, by bracket.
  private let partners: [Int: Int]
  /// The tokens that begin a statement at the outermost level, by offset.
  private let statements: [Int: Int]

  /// The text of a file that can be evaluated.
  ///
  /// - Throws: `StarlarkError`.
  init(path: String, bytes: [UInt8]) throws {
    source = SourceFile(name: path, bytes: bytes)
    tokens = try source.tokens()
    var partners: [Int: Int] = [:]
    var statements: [Int: Int] = [:]
    var open: [Int] = []
    var depth = 0
    var isStart = true
    for (index, token) in tokens.enumerated() {
      switch token.kind {
      case .openParen, .openBracket, .openBrace: open.append(index)
      case .closeParen, .closeBracket, .closeBrace:
        if let opening = open.popLast() { (partners[opening], partners[index]) = (index, opening) }
      case .indent: depth += 1
      case .outdent: depth -= 1
      default: break
      }
      switch token.kind {
      case .newline, .indent, .outdent, .semicolon: isStart = true
      default:
        if isStart, depth == 0 { statements[token.start] = index }
        isStart = false
      }
    }
    self.partners = partners
    self.statements = statements
  }

  // MARK: Finding

  /// The arguments of a call that is a statement of its own, outside of `for`, `if` and `def`.
  func call(of name: String, at offset: Int) -> Brackets? {
    guard let start = statements[offset], tokens[start].kind == .identifier, text(of: start) == name,
      tokens[start + 1].kind == .openParen
    else { return nil }
    return brackets(at: start + 1)
  }

  /// The text between the brackets that open at a token; nil if none do.
  func brackets(at opening: Int) -> Brackets? {
    guard let closing = partners[opening], closing > opening else { return nil }
    var elements: [Element] = []
    var start = opening + 1
    var index = start
    while index < closing {
      if tokens[index].kind == .comma {
        if index > start { elements.append(Element(tokens: start...(index - 1), comma: index)) }
        start = index + 1
      } else if let partner = partners[index], partner > index {
        index = partner
      }
      index += 1
    }
    if start < closing { elements.append(Element(tokens: start...(closing - 1), comma: nil)) }
    return Brackets(opening: opening, closing: closing, elements: elements)
  }

  /// The argument of a name: the tokens of its value.
  func argument(_ name: String, of call: Brackets) -> (element: Int, value: ClosedRange<Int>)? {
    for (index, element) in call.elements.enumerated() {
      let first = element.tokens.lowerBound
      guard element.tokens.count > 2, tokens[first].kind == .identifier, tokens[first + 1].kind == .assign,
        text(of: first) == name
      else { continue }
      return (index, (first + 2)...element.tokens.upperBound)
    }
    return nil
  }

  /// Whether arguments are passed on as a whole: `*list`, `**dict`.
  func hasStars(_ call: Brackets) -> Bool {
    call.elements.contains { [.star, .starStar].contains(tokens[$0.tokens.lowerBound].kind) }
  }

  /// The list that is the whole of an expression.
  func list(_ value: ClosedRange<Int>) -> Brackets? {
    guard tokens[value.lowerBound].kind == .openBracket, partners[value.lowerBound] == value.upperBound else {
      return nil
    }
    let found = brackets(at: value.lowerBound)
    // A comprehension has no comma and is not a list of strings.
    let words = found?.elements.first.map { $0.tokens.contains { tokens[$0].kind == .for } } ?? false
    return words ? nil : found
  }

  /// The text of an expression that is a string, or several side by side; nil for any other.
  func string(_ value: ClosedRange<Int>) throws -> String? {
    var result = ""
    for index in value {
      guard tokens[index].kind == .string, let text = try source.text(ofString: tokens[index]) else { return nil }
      result += text
    }
    return result
  }

  /// The entries of an expression that is a dictionary, as `{"key": value}` or `dict(key=value)`: tokens of keys and values.
  func entries(_ value: ClosedRange<Int>) -> [(key: ClosedRange<Int>, value: ClosedRange<Int>)]? {
    let first = value.lowerBound
    if tokens[first].kind == .openBrace, partners[first] == value.upperBound, let found = brackets(at: first) {
      return found.elements.compactMap { element in
        var index = element.tokens.lowerBound
        while index < element.tokens.upperBound, tokens[index].kind != .colon {
          if let partner = partners[index], partner > index { index = partner }
          index += 1
        }
        guard index > element.tokens.lowerBound, index < element.tokens.upperBound else { return nil }
        return (element.tokens.lowerBound...(index - 1), (index + 1)...element.tokens.upperBound)
      }
    }
    if tokens[first].kind == .identifier, text(of: first) == "dict", first < value.upperBound,
      partners[first + 1] == value.upperBound, let found = brackets(at: first + 1)
    {
      return found.elements.compactMap { element in
        let name = element.tokens.lowerBound
        guard element.tokens.count > 2, tokens[name + 1].kind == .assign else { return nil }
        return (name...name, (name + 2)...element.tokens.upperBound)
      }
    }
    return nil
  }

  /// The strings of a key: one, or those of a tuple; a name of `dict(name=…)`.
  func keys(_ key: ClosedRange<Int>) throws -> [String] {
    if key.count == 1, tokens[key.lowerBound].kind == .identifier { return [text(of: key.lowerBound)] }
    if tokens[key.lowerBound].kind == .openParen, let tuple = brackets(at: key.lowerBound) {
      return try tuple.elements.compactMap { try string($0.tokens) }
    }
    return try string(key).map { [$0] } ?? []
  }

  // MARK: Bytes

  func text(of token: Int) -> String {
    String(decoding: source.bytes[tokens[token].start..<tokens[token].end], as: UTF8.self)
  }

  /// The bytes of tokens, from the first to the last.
  func range(_ part: ClosedRange<Int>) -> Range<Int> { tokens[part.lowerBound].start..<tokens[part.upperBound].end }

  /// Whether a comment begins in bytes between two tokens.
  func hasComment(between left: Int, and right: Int) -> Bool {
    source.bytes[tokens[left].end..<tokens[right].start].contains(0x23)
  }

  /// The offset of the line that holds a byte.
  func lineStart(of offset: Int) -> Int {
    source.bytes[..<offset].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
  }

  /// The space before a byte, if nothing else is before it on its line.
  func indentation(at offset: Int) -> [UInt8]? {
    let space = source.bytes[lineStart(of: offset)..<offset]
    return space.allSatisfy { $0 == 0x20 || $0 == 0x09 } ? Array(space) : nil
  }

  /// The text after a byte on its line, if it is only space and a comment: the comment, and the end of the line,
  /// including its line end. Nil for other text.
  func rest(ofLineAt offset: Int) -> (comment: ArraySlice<UInt8>, end: Int)? {
    let bytes = source.bytes
    var index = offset
    while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 { index += 1 }
    var end = index
    if index < bytes.count, bytes[index] == 0x23 {
      end = bytes[index...].firstIndex(of: 0x0A) ?? bytes.count
    } else if index < bytes.count, bytes[index] == 0x0D {
      end = index + 1
    }
    guard end == bytes.count || bytes[end] == 0x0A else { return nil }
    return (bytes[index..<end], min(end + 1, bytes.count))
  }

  /// The kind of line ends in a file.
  static func lineEnd(of bytes: [UInt8]) -> [UInt8] {
    guard let first = bytes.firstIndex(of: 0x0A), first > 0, bytes[first - 1] == 0x0D else { return [0x0A] }
    return [0x0D, 0x0A]
  }
}

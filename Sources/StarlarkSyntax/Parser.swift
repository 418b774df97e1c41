/// Recursive descent from tokens to a syntax tree; also notes which names each function and the file bind.
package struct Parser {
  var lexer: Lexer
  var token = Token(kind: .end, start: 0, end: 0)
  var tree: SyntaxTree
  let source: SourceFile
  let dialect: Dialect
  /// The number of open productions that can nest.
  var depth = 0
  /// The bindings of the functions being parsed, innermost last; empty at top level.
  var scopes: [Bindings] = []
  var globalSymbols = Set<Int32>()
  var loopDepth = 0

  struct Bindings {
    var order: [Int32] = []
    var members = Set<Int32>()
  }

  /// Deeper nesting is an error: it would overflow the native stack here or in the compiler.
  static let maximumDepth = 200

  package static func parse(_ source: SourceFile, _ dialect: Dialect) throws -> SyntaxTree {
    var parser = Parser(lexer: try Lexer(source: source), tree: SyntaxTree(), source: source, dialect: dialect)
    parser.tree.nodes.reserveCapacity(source.bytes.count / 6)
    try parser.advance()
    parser.tree.root = try parser.file()
    return parser.tree
  }

  init(lexer: Lexer, tree: SyntaxTree, source: SourceFile, dialect: Dialect) {
    self.lexer = lexer
    self.tree = tree
    self.source = source
    self.dialect = dialect
  }

  mutating func advance() throws { token = try lexer.next() }

  func error(_ message: String, at offset: Int? = nil, hint: String? = nil) -> StarlarkError {
    lexer.error(message, at: offset ?? token.start, hint: hint)
  }

  mutating func accept(_ kind: TokenKind) throws -> Bool {
    guard token.kind == kind else { return false }
    try advance()
    return true
  }

  mutating func expect(_ kind: TokenKind, _ want: String) throws {
    guard token.kind == kind else { throw unexpected(want: want) }
    try advance()
  }

  /// "got X, want Y" for the current token, with advice for words that Python has and Starlark has not.
  func unexpected(want: String) -> StarlarkError {
    if token.kind == .reserved {
      let word = text(token)
      return error("syntax error: \(word) is not part of Starlark", hint: Self.advice[word])
    }
    return error("syntax error: got \(describe(token)), want \(want)")
  }

  static let advice: [String: String] = [
    "import": "there is no import; use load(\"file\", \"name\"), or what the host provides",
    "from": "there is no import; use load(\"file\", \"name\"), or what the host provides",
    "class": "use a struct, or a dict",
    "while": "loops are bounded: use for x in range(…)",
    "try": "errors cannot be caught; test the condition first",
    "except": "errors cannot be caught; test the condition first",
    "raise": "use fail(\"message\")",
    "assert": "use fail(\"message\")",
    "with": "there are no context managers",
    "is": "use ==",
    "del": "use pop, or build a new value",
    "global": "functions cannot assign globals; change a list or dict",
    "nonlocal": "functions cannot assign outer variables; change a list or dict",
    "yield": "return a list",
  ]

  func text(_ token: Token) -> String { String(decoding: source.bytes[token.start..<token.end], as: UTF8.self) }

  func describe(_ token: Token) -> String {
    switch token.kind {
    case .end: "end of file"
    case .newline: "newline"
    case .indent: "indent"
    case .outdent: "outdent"
    case .identifier: "identifier \(text(token))"
    case .integer: "int literal"
    case .float: "float literal"
    case .string: "string literal"
    default: "'\(text(token))'"
    }
  }

  mutating func symbol(_ token: Token) -> Int32 {
    source.bytes.withUnsafeBufferPointer { tree.symbols.symbol($0[token.start..<token.end]) }
  }

  mutating func node(
    _ kind: SyntaxTree.Kind, at offset: Int, _ a: Int32 = -1, _ b: Int32 = -1, _ c: Int32 = -1,
    operation: BinaryOperator = .plus
  ) -> Int32 {
    tree.nodes.append(
      SyntaxTree.Node(
        kind: kind, operation: operation, offset: UInt32(truncatingIfNeeded: offset), a: a, b: b, c: c))
    return Int32(tree.nodes.count - 1)
  }

  mutating func constant(_ value: SyntaxTree.Constant, at offset: Int) -> Int32 {
    tree.constants.append(value)
    return node(.constant, at: offset, Int32(tree.constants.count - 1))
  }

  /// Stores a list of nodes.
  mutating func list(_ items: [Int32]) -> (start: Int32, count: Int32) {
    let start = Int32(tree.extra.count)
    tree.extra.append(contentsOf: items)
    return (start, Int32(items.count))
  }

  mutating func enter() throws {
    depth += 1
    if depth > Self.maximumDepth { throw error("the program is nested too deeply") }
  }

  mutating func leave() { depth -= 1 }

  /// Notes that the current function, or the file, binds a name.
  mutating func bind(_ symbol: Int32, at offset: Int) throws {
    if let scope = scopes.indices.last {
      if scopes[scope].members.insert(symbol).inserted { scopes[scope].order.append(symbol) }
      return
    }
    if globalSymbols.insert(symbol).inserted {
      tree.globals.append((symbol, offset))
    } else if !dialect.globalReassignment {
      let first = tree.globals.first { $0.symbol == symbol }
      let line = first.map { source.line(at: $0.offset) } ?? 0
      var failure = error("cannot reassign global \(tree.symbols[symbol]) declared at line \(line)", at: offset)
      failure.kind = .name
      throw failure
    }
  }

  /// Records the names that an assignment target binds; throws if the expression is not a target.
  mutating func bindTarget(_ target: Int32, augmented: Bool = false) throws {
    let node = tree[target]
    switch node.kind {
    case .name:
      try bind(node.a, at: Int(node.offset))
    case .dot, .index:
      break
    case .list, .tuple:
      if augmented {
        throw error("cannot use tuple or list expression in augmented assignment", at: Int(node.offset))
      }
      for position in 0..<node.b { try bindTarget(tree.extra[Int(node.a + position)]) }
    default:
      throw error("cannot assign to this expression", at: Int(node.offset))
    }
  }
}

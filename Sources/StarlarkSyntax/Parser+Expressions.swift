extension Parser {
  /// One test, or a tuple of several without parentheses.
  mutating func expression() throws -> Int32 {
    let start = token.start
    let first = try element()
    guard token.kind == .comma else {
      if tree[first].kind == .starArgument {
        throw error("unpacking is only possible in calls, tuples, lists and dictionaries", at: start)
      }
      return first
    }
    var items = [first]
    while try accept(.comma) {
      if !startsExpression { break }
      items.append(try element())
    }
    let (begin, count) = list(items)
    return node(.tuple, at: start, begin, count)
  }

  /// An item of a list or tuple: a test or, as in Python, `*x`.
  private mutating func element() throws -> Int32 {
    let offset = token.start
    guard dialect.pythonSyntax, try accept(.star) else { return try test() }
    return node(.starArgument, at: offset, try test())
  }

  private var startsExpression: Bool {
    switch token.kind {
    case .identifier, .integer, .float, .string, .plus, .minus, .tilde, .openParen, .openBracket, .openBrace, .lambda,
      .not:
      true
    case .star: dialect.pythonSyntax
    default: false
    }
  }

  /// The targets that are valid between `for` and `in`.
  mutating func loopVariables() throws -> Int32 {
    let start = token.start
    let first = try primaryWithSuffix()
    guard token.kind == .comma else { return first }
    var items = [first]
    while try accept(.comma) {
      if token.kind == .in { break }
      items.append(try primaryWithSuffix())
    }
    let (begin, count) = list(items)
    return node(.tuple, at: start, begin, count)
  }

  mutating func test() throws -> Int32 {
    try enter()
    defer { leave() }
    if token.kind == .lambda { return try lambda() }
    let value = try binary(0)
    guard token.kind == .if else { return value }
    let offset = token.start
    try advance()
    let condition = try binary(0)
    guard try accept(.else) else { throw error("conditional expression without else clause") }
    let otherwise = try test()
    return node(.conditional, at: offset, condition, value, otherwise)
  }

  private mutating func lambda() throws -> Int32 {
    let start = token.start
    try advance()
    let parameters = try self.parameters(until: .colon)
    try expect(.colon, "':'")
    scopes.append(Bindings())
    let body = try test()
    scopes.removeLast()
    let name = Array("lambda".utf8).withUnsafeBufferPointer { tree.symbols.symbol($0[...]) }
    tree.functions.append(
      SyntaxTree.Function(
        symbol: name, parameters: parameters, body: body, isLambda: true, bindings: [], offset: start))
    return node(.lambda, at: start, Int32(tree.functions.count - 1))
  }

  /// Levels: 0 or, 1 and, 2 comparison (below `not`), 3 |, 4 ^, 5 &, 6 shifts, 7 + -, 8 * / // %.
  private func level(_ kind: TokenKind) -> Int? {
    switch kind {
    case .or: 0
    case .and: 1
    case .less, .greater, .lessEqual, .greaterEqual, .equal, .notEqual, .in, .not: 2
    case .pipe: 3
    case .caret: 4
    case .ampersand: 5
    case .shiftLeft, .shiftRight: 6
    case .plus, .minus: 7
    case .star, .slash, .slashSlash, .percent: 8
    default: nil
    }
  }

  private func operation(_ kind: TokenKind) -> BinaryOperator? {
    switch kind {
    case .less: .less
    case .greater: .greater
    case .lessEqual: .lessOrEqual
    case .greaterEqual: .greaterOrEqual
    case .equal: .equal
    case .notEqual: .notEqual
    case .in: .isIn
    case .pipe: .bitOr
    case .caret: .bitXor
    case .ampersand: .bitAnd
    case .shiftLeft: .shiftLeft
    case .shiftRight: .shiftRight
    case .plus: .plus
    case .minus: .minus
    case .star: .multiply
    case .slash: .divide
    case .slashSlash: .floorDivide
    case .percent: .modulo
    default: nil
    }
  }

  /// Precedence climbing: binary operators of `minimum` and higher levels.
  private mutating func binary(_ minimum: Int) throws -> Int32 {
    var left: Int32
    if token.kind == .not, minimum <= 2 {
      let offset = token.start
      try enter()
      try advance()
      left = node(.not, at: offset, try binary(2))
      leave()
    } else {
      left = try unary()
    }
    var sawComparison = false
    while let level = isIdentityTest ? 2 : level(token.kind), level >= minimum {
      let offset = token.start
      let isIdentity = isIdentityTest
      var operation = isIdentity ? .equal : operation(token.kind) ?? .plus
      let kind: SyntaxTree.Kind = level == 0 ? .or : level == 1 ? .and : .binary
      if level == 2 {
        if sawComparison {
          throw error("comparison operators are not associative", hint: "use parentheses, or and")
        }
        sawComparison = true
      } else if level < 2 {
        sawComparison = false
      }
      let isNot = token.kind == .not
      try advance()
      if isIdentity {
        if try accept(.not) { operation = .notEqual }
      } else if isNot {
        try expect(.in, "'in' after 'not'")
        operation = .isNotIn
      }
      try enter()
      let right = try binary(level + 1)
      leave()
      left = node(kind, at: offset, left, right, operation: operation)
    }
    return left
  }

  /// Whether the token is `is`, in a dialect that has it.
  private var isIdentityTest: Bool {
    token.kind == .reserved && dialect.pythonSyntax && text(token) == "is"
  }

  private mutating func unary() throws -> Int32 {
    let offset = token.start
    let operation: BinaryOperator
    switch token.kind {
    case .minus: operation = .minus
    case .plus: operation = .plus
    case .tilde: operation = .bitXor
    default: return try primaryWithSuffix()
    }
    try enter()
    defer { leave() }
    try advance()
    let operand = try unary()
    return node(.unary, at: offset, operand, operation: operation)
  }

  mutating func primaryWithSuffix() throws -> Int32 {
    let start = token.start
    let entryDepth = depth
    defer { depth = entryDepth }
    try enter()
    var value = try primary()
    while true {
      switch token.kind {
      case .dot:
        try enter()
        try advance()
        guard token.kind == .identifier else { throw unexpected(want: "attribute name") }
        value = node(.dot, at: token.start, value, symbol(token))
        try advance()
      case .openParen:
        try enter()
        try advance()
        let (first, count) = try arguments()
        value = node(.call, at: start, value, first, count)
      case .openBracket:
        try enter()
        value = try subscriptOrSlice(value)
      default: return value
      }
    }
  }

  private mutating func subscriptOrSlice(_ value: Int32) throws -> Int32 {
    let offset = token.start
    try advance()
    var bounds: [Int32] = [-1, -1, -1]
    if token.kind != .colon { bounds[0] = try expression() }
    if token.kind == .closeBracket {
      try advance()
      guard bounds[0] >= 0 else { throw unexpected(want: "expression") }
      return node(.index, at: offset, value, bounds[0])
    }
    try expect(.colon, "']'")
    if token.kind != .colon, token.kind != .closeBracket { bounds[1] = try test() }
    if try accept(.colon), token.kind != .closeBracket { bounds[2] = try test() }
    try expect(.closeBracket, "']'")
    let (first, _) = list(bounds)
    return node(.slice, at: offset, value, first)
  }

  private mutating func arguments() throws -> (Int32, Int32) {
    var items: [Int32] = []
    var names = Set<Int32>()
    var sawStar = false
    var sawStarStar = false
    while token.kind != .closeParen {
      let offset = token.start
      if sawStarStar, !dialect.pythonSyntax { throw error("argument may not follow **kwargs") }
      if try accept(.starStar) {
        sawStarStar = true
        items.append(node(.starStarArgument, at: offset, try test()))
      } else if try accept(.star) {
        if sawStar, !dialect.pythonSyntax { throw error("multiple *args not allowed", at: offset) }
        sawStar = true
        items.append(node(.starArgument, at: offset, try test()))
      } else {
        let value = try test()
        if token.kind == .assign {
          let target = tree[value]
          guard target.kind == .name else { throw error("keyword argument must have form name=expr", at: offset) }
          guard names.insert(target.a).inserted else {
            throw error("keyword argument \"\(tree.symbols[target.a])\" is repeated", at: offset)
          }
          try advance()
          items.append(node(.namedArgument, at: offset, target.a, try test()))
        } else {
          if sawStar, !dialect.pythonSyntax || sawStarStar {
            throw error("positional argument may not follow *args", at: offset)
          }
          if sawStarStar { throw error("positional argument may not follow **kwargs", at: offset) }
          if !names.isEmpty { throw error("positional argument may not follow named argument", at: offset) }
          if token.kind == .for {
            guard dialect.pythonSyntax, items.isEmpty else {
              throw error("generator expressions are not supported", hint: "write [… for …]")
            }
            let (first, count) = try clauses(until: .closeParen)
            return list([node(.listComprehension, at: offset, value, first, count)])
          }
          items.append(value)
        }
      }
      guard try accept(.comma) else { break }
    }
    try expect(.closeParen, "',' or ')'")
    return list(items)
  }

  private mutating func primary() throws -> Int32 {
    let start = token.start
    switch token.kind {
    case .identifier:
      let result = node(.name, at: start, symbol(token))
      try advance()
      return result
    case .integer, .float: return try number()
    case .string: return try strings()
    case .openParen:
      try advance()
      if try accept(.closeParen) { return node(.tuple, at: start, 0, 0) }
      let value = try expression()
      if token.kind == .for {
        guard dialect.pythonSyntax else {
          throw error("generator expressions are not supported", hint: "write [… for …]")
        }
        return try listComprehension(of: value, at: start, until: .closeParen)
      }
      try expect(.closeParen, "',' or ')'")
      return value
    case .openBracket: return try listOrComprehension()
    case .openBrace: return try dictOrComprehension()
    case .star, .starStar:
      throw error(
        dialect.pythonSyntax
          ? "unpacking is only possible in calls, tuples, lists and dictionaries"
          : "unpacking is only possible in calls",
        hint: "concatenate with +")
    default: throw unexpected(want: "expression")
    }
  }

  /// Reading digits takes time quadratic in their number.
  private static let maximumDigits = 10_000

  private mutating func number() throws -> Int32 {
    let current = token
    let text = self.text(current)
    try advance()
    if current.kind == .float {
      guard let value = Double(text.hasSuffix(".") ? text + "0" : text.replacingLeadingDot()), value.isFinite else {
        throw error("float literal too large", at: current.start)
      }
      return constant(.float(value), at: current.start)
    }
    if text.utf8.count > Self.maximumDigits { throw error("integer literal too long", at: current.start) }
    return constant(.integer(Array(text.utf8)), at: current.start)
  }

  private mutating func listOrComprehension() throws -> Int32 {
    let start = token.start
    try advance()
    var items: [Int32] = []
    while token.kind != .closeBracket {
      items.append(try element())
      if items.count == 1, token.kind == .for {
        return try listComprehension(of: items[0], at: start, until: .closeBracket)
      }
      guard try accept(.comma) else { break }
    }
    try expect(.closeBracket, "',' or ']'")
    let (first, count) = list(items)
    return node(.list, at: start, first, count)
  }

  /// The rest of a comprehension after its element, whose value the compiler relies on: `*x` is none.
  private mutating func listComprehension(of element: Int32, at start: Int, until close: TokenKind) throws -> Int32 {
    if tree[element].kind == .starArgument {
      throw error("iterable unpacking cannot be used in a comprehension", at: Int(tree[element].offset))
    }
    let (first, count) = try clauses(until: close)
    return node(.listComprehension, at: start, element, first, count)
  }

  private mutating func dictOrComprehension() throws -> Int32 {
    let start = token.start
    try advance()
    var items: [Int32] = []
    while token.kind != .closeBrace {
      let start = token.start
      if dialect.pythonSyntax, try accept(.starStar) {
        let other = try test()
        items += [node(.starStarArgument, at: start, other), other]
        guard try accept(.comma) else { break }
        continue
      }
      let key = try test()
      if items.isEmpty, token.kind == .comma || token.kind == .closeBrace || token.kind == .for {
        guard dialect.pythonSyntax, dialect.sets, token.kind != .for else {
          throw error("set literals are not supported", at: start, hint: "write set([…])")
        }
        return try setLiteral(key, at: start)
      }
      let offset = token.start
      try expect(.colon, "':'")
      let value = try test()
      if items.isEmpty, token.kind == .for {
        let pair = node(.pair, at: offset, key, value)
        let (first, count) = try clauses(until: .closeBrace)
        return node(.dictComprehension, at: start, pair, first, count)
      }
      items += [key, value]
      guard try accept(.comma) else { break }
    }
    try expect(.closeBrace, "',' or '}'")
    let (first, count) = list(items)
    return node(.dict, at: start, first, count / 2)
  }

  /// The rest of a set literal after its first element.
  private mutating func setLiteral(_ first: Int32, at start: Int) throws -> Int32 {
    var items = [first]
    while try accept(.comma), token.kind != .closeBrace { items.append(try test()) }
    try expect(.closeBrace, "',' or '}'")
    let (begin, count) = list(items)
    return node(.set, at: start, begin, count)
  }

  private mutating func clauses(until close: TokenKind) throws -> (Int32, Int32) {
    var items: [Int32] = []
    let entryDepth = depth
    defer { depth = entryDepth }
    while token.kind != close {
      let offset = token.start
      // Clauses nest in each other, like statements would.
      try enter()
      if try accept(.for) {
        let target = try loopVariables()
        try checkTarget(target)
        try expect(.in, "'in'")
        items.append(node(.forClause, at: offset, target, try binary(0)))
      } else if try accept(.if) {
        items.append(node(.ifClause, at: offset, try testWithoutCondition()))
      } else {
        throw unexpected(want: "'for', 'if' or the end of the comprehension")
      }
    }
    try advance()
    return list(items)
  }

  private mutating func testWithoutCondition() throws -> Int32 {
    token.kind == .lambda ? try lambda() : try binary(0)
  }

  /// Like `bindTarget`, for variables of a comprehension, which belong to it alone.
  private func checkTarget(_ target: Int32) throws {
    let node = tree[target]
    switch node.kind {
    case .name, .dot, .index: break
    case .list, .tuple:
      for position in 0..<node.b { try checkTarget(tree.extra[Int(node.a + position)]) }
    default: throw error("cannot assign to this expression", at: Int(node.offset))
    }
  }
}

extension String {
  fileprivate func replacingLeadingDot() -> String {
    if hasPrefix(".") { return "0" + self }
    if let dot = firstIndex(of: "."), let next = index(dot, offsetBy: 1, limitedBy: endIndex), next < endIndex,
      self[next] == "e" || self[next] == "E"
    {
      return String(self[..<dot]) + ".0" + String(self[next...])
    }
    return self
  }
}

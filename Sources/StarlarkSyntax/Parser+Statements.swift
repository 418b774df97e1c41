extension Parser {
  mutating func file() throws -> Int32 {
    var statements: [Int32] = []
    while token.kind != .end {
      if try accept(.newline) { continue }
      if token.kind == .indent { throw error("unexpected indent") }
      try statement(&statements)
    }
    let (start, count) = list(statements)
    return node(.block, at: 0, start, count)
  }

  private mutating func statement(_ statements: inout [Int32]) throws {
    switch token.kind {
    case .def: statements.append(try definition())
    case .if:
      if scopes.isEmpty, !dialect.topLevelControlFlow {
        throw error("if statement not within a function", hint: "use a conditional expression, or move it into a def")
      }
      statements.append(try conditional())
    case .for:
      if scopes.isEmpty, !dialect.topLevelControlFlow {
        throw error("for loop not within a function", hint: "use a comprehension, or move it into a def")
      }
      statements.append(try loop())
    case .reserved where dialect.classesAndImports && text(token) == "class": try classDefinition(&statements)
    default: try simpleStatements(&statements)
    }
  }

  private mutating func simpleStatements(_ statements: inout [Int32]) throws {
    while true {
      if dialect.classesAndImports, token.kind == .reserved, text(token) == "import" || text(token) == "from" {
        try importStatement(&statements)
      } else {
        statements.append(try simpleStatement())
      }
      guard try accept(.semicolon) else { break }
      if token.kind == .newline || token.kind == .end { break }
    }
    if token.kind == .end { return }
    try expect(.newline, "newline")
  }

  private mutating func simpleStatement() throws -> Int32 {
    let start = token.start
    switch token.kind {
    case .pass:
      try advance()
      return node(.pass, at: start)
    case .break, .continue:
      let kind: SyntaxTree.Kind = token.kind == .break ? .breakStatement : .continueStatement
      if loopDepth == 0 { throw error("\(text(token)) not in a loop") }
      try advance()
      return node(kind, at: start)
    case .return:
      if scopes.isEmpty { throw error("return statement not within a function") }
      try advance()
      var value: Int32 = -1
      if token.kind != .newline, token.kind != .semicolon, token.kind != .end { value = try expression() }
      return node(.returnStatement, at: start, value)
    case .load:
      return try loadStatement()
    case .reserved where dialect.pythonSyntax && (text(token) == "raise" || text(token) == "assert"):
      return try failure()
    default:
      return try expressionStatement()
    }
  }

  /// Python's `raise ValueError("…")` is `fail("…")`, and `assert condition, "…"` is `condition or fail("…")`: no code
  /// can catch the error in either form.
  private mutating func failure() throws -> Int32 {
    let start = token.start
    let isRaise = text(token) == "raise"
    try advance()
    if isRaise {
      let operand = try test()
      let raised = tree[operand]
      // An exception without arguments tells its name.
      let name = raised.kind == .name ? tree.symbols[raised.a] : "an exception was raised"
      let arguments =
        raised.kind == .call ? (raised.b, raised.c) : list([constant(.string(Array(name.utf8)), at: start)])
      return node(
        .expressionStatement, at: start, node(.call, at: start, failName(at: start), arguments.0, arguments.1))
    }
    let condition = try test()
    let message =
      try accept(.comma) ? try test() : constant(.string(Array("the assertion does not hold".utf8)), at: start)
    let (first, count) = list([message])
    let call = node(.call, at: start, failName(at: start), first, count)
    return node(.expressionStatement, at: start, node(.or, at: start, condition, call))
  }

  private mutating func failName(at offset: Int) -> Int32 {
    let symbol = Array("fail".utf8).withUnsafeBufferPointer { tree.symbols.symbol($0[...]) }
    return node(.name, at: offset, symbol)
  }

  private mutating func expressionStatement() throws -> Int32 {
    let start = token.start
    let left = try expression()
    let operatorStart = token.start
    if token.kind == .assign {
      try advance()
      try bindTarget(left)
      let right = try expression()
      if token.kind == .assign { throw error("assignments cannot be chained", hint: "write one assignment a line") }
      return node(.assignment, at: operatorStart, left, right)
    }
    if let operation = Self.augmented[token.kind] {
      try advance()
      let kind = tree[left].kind
      guard kind != .list, kind != .tuple else {
        throw error("cannot use tuple or list expression in augmented assignment", at: operatorStart)
      }
      try bindTarget(left, augmented: true)
      let right = try expression()
      return node(.augmentedAssignment, at: operatorStart, left, right, operation: operation)
    }
    if token.kind == .colon, try skipAnnotation() {
      guard try accept(.assign) else { return node(.pass, at: start) }
      try bindTarget(left)
      return node(.assignment, at: operatorStart, left, try expression())
    }
    return node(.expressionStatement, at: start, left)
  }

  private static let augmented: [TokenKind: BinaryOperator] = [
    .plusAssign: .plus, .minusAssign: .minus, .starAssign: .multiply, .slashAssign: .divide,
    .slashSlashAssign: .floorDivide, .percentAssign: .modulo, .ampersandAssign: .bitAnd, .pipeAssign: .bitOr,
    .caretAssign: .bitXor, .shiftLeftAssign: .shiftLeft, .shiftRightAssign: .shiftRight,
  ]

  private mutating func loadStatement() throws -> Int32 {
    let start = token.start
    if !dialect.load { throw error("load is not allowed here") }
    if !scopes.isEmpty || loopDepth > 0 { throw error("load statement not at top level") }
    try advance()
    try expect(.openParen, "'('")
    guard token.kind == .string else { throw unexpected(want: "string literal (the module to load)") }
    var items = [try plainString()]
    while try accept(.comma) {
      if token.kind == .closeParen { break }
      let offset = token.start
      if token.kind == .identifier {
        let local = symbol(token)
        try advance()
        try expect(.assign, "'='")
        guard token.kind == .string else { throw unexpected(want: "string literal (the name to load)") }
        items += [local, try plainString()]
        try bindLoaded(local, at: offset)
      } else if token.kind == .string {
        let constant = try plainString()
        let name = tree.constants[Int(constant)].text ?? ""
        let local = Array(name.utf8).withUnsafeBufferPointer { tree.symbols.symbol($0[...]) }
        items += [local, constant]
        try bindLoaded(local, at: offset)
      } else {
        throw unexpected(want: "name = \"name\", or \"name\"")
      }
      let exported = tree.constants[Int(items[items.count - 1])].text ?? ""
      if exported.hasPrefix("_") {
        throw error("cannot load \(exported): names that start with _ are private to their module", at: offset)
      }
    }
    if items.count == 1 { throw error("load statement must import at least 1 symbol") }
    try expect(.closeParen, "')'")
    let (first, count) = list(items)
    return node(.load, at: start, first, count)
  }

  private mutating func bindLoaded(_ symbol: Int32, at offset: Int) throws {
    try bind(symbol, at: offset)
    tree.loaded.insert(symbol)
  }

  /// A string literal without escapes into other kinds; returns its constant.
  private mutating func plainString() throws -> Int32 {
    let literal = StringLiteral(token, in: source.bytes)
    if literal.isBytes || literal.isFormat { throw error("want a plain string literal") }
    tree.constants.append(.string(try literal.decoded(literal.contents, in: source)))
    try advance()
    return Int32(tree.constants.count - 1)
  }

  private mutating func definition() throws -> Int32 {
    let start = token.start
    try enter()
    defer { leave() }
    try advance()
    guard token.kind == .identifier else { throw unexpected(want: "the function's name") }
    let name = symbol(token)
    try bind(name, at: token.start)
    try advance()
    try expect(.openParen, "'('")
    let parameters = try self.parameters(until: .closeParen)
    try expect(.closeParen, "')'")
    if token.kind == .minus, try !skipResultAnnotation() { throw unexpected(want: "':'") }
    try expect(.colon, "':'")
    scopes.append(Bindings())
    let outerLoops = loopDepth
    loopDepth = 0
    let body = try suite()
    loopDepth = outerLoops
    let bindings = scopes.removeLast().order
    tree.functions.append(
      SyntaxTree.Function(
        symbol: name, parameters: parameters, body: body, isLambda: false, bindings: bindings, offset: start))
    return node(.def, at: start, Int32(tree.functions.count - 1), name)
  }

  mutating func parameters(until close: TokenKind) throws -> [SyntaxTree.Parameter] {
    var result: [SyntaxTree.Parameter] = []
    var seen = Set<Int32>()
    var hasOptional = false
    var hasStar = false
    var hasStarStar = false
    while token.kind != close {
      let offset = token.start
      if hasStarStar { throw error("parameter may not follow **kwargs") }
      var kind = SyntaxTree.Parameter.Kind.ordinary
      if token.kind == .star || token.kind == .starStar {
        kind = token.kind == .star ? .star : .starStar
        if kind == .star, hasStar { throw error("multiple * parameters not allowed") }
        if kind == .star { hasStar = true } else { hasStarStar = true }
        try advance()
        if kind == .star, token.kind != .identifier {
          result.append(SyntaxTree.Parameter(kind: .bareStar, symbol: -1, defaultValue: -1, offset: offset))
          guard try accept(.comma), token.kind != close, token.kind != .starStar else {
            throw error("bare * must be followed by keyword-only parameters", at: offset)
          }
          continue
        }
      }
      guard token.kind == .identifier else { throw unexpected(want: "parameter") }
      let name = symbol(token)
      if !seen.insert(name).inserted { throw error("duplicate parameter: \(text(token))") }
      try advance()
      if close == .closeParen, token.kind == .colon { _ = try skipAnnotation() }
      var defaultValue: Int32 = -1
      if kind == .ordinary, try accept(.assign) {
        defaultValue = try test()
        hasOptional = true
      } else if kind == .ordinary, hasOptional, !hasStar {
        throw error("required parameter may not follow optional", at: offset)
      }
      result.append(SyntaxTree.Parameter(kind: kind, symbol: name, defaultValue: defaultValue, offset: offset))
      guard try accept(.comma) else { break }
    }
    return result
  }

  /// Skips `: type`; throws if the dialect has no annotations.
  private mutating func skipAnnotation() throws -> Bool {
    guard dialect.pythonSyntax else { throw error("type annotations are not supported") }
    try advance()
    _ = try test()
    return true
  }

  /// Skips `-> type`.
  private mutating func skipResultAnnotation() throws -> Bool {
    guard dialect.pythonSyntax else { throw error("type annotations are not supported") }
    try advance()
    guard try accept(.greater) else { return false }
    _ = try test()
    return true
  }

  mutating func suite() throws -> Int32 {
    try enter()
    defer { leave() }
    var statements: [Int32] = []
    let offset = token.start
    if try accept(.newline) {
      while try accept(.newline) {}
      guard try accept(.indent) else { throw unexpected(want: "indent") }
      while token.kind != .outdent, token.kind != .end {
        if try accept(.newline) { continue }
        if token.kind == .indent { throw error("unexpected indent") }
        try statement(&statements)
      }
      _ = try accept(.outdent)
    } else {
      try simpleStatements(&statements)
    }
    let (start, count) = list(statements)
    return node(.block, at: offset, start, count)
  }

  private mutating func conditional() throws -> Int32 {
    // An `elif` is an `if` in the else branch. The chain is built from its end, so that its length costs no depth.
    var branches: [(offset: Int, condition: Int32, body: Int32)] = []
    repeat {
      let offset = token.start
      try advance()
      let condition = try test()
      try expect(.colon, "':'")
      branches.append((offset, condition, try suite()))
    } while token.kind == .elif
    var otherwise: Int32 = -1
    if try accept(.else) {
      try expect(.colon, "':'")
      otherwise = try suite()
    }
    for branch in branches.reversed() {
      otherwise = node(.ifStatement, at: branch.offset, branch.condition, branch.body, otherwise)
    }
    return otherwise
  }

  private mutating func loop() throws -> Int32 {
    let start = token.start
    try advance()
    let target = try loopVariables()
    try bindTarget(target)
    try expect(.in, "'in'")
    let iterable = try expression()
    try expect(.colon, "':'")
    loopDepth += 1
    let body = try suite()
    loopDepth -= 1
    if token.kind == .else { throw error("for … else is not supported") }
    return node(.forStatement, at: start, target, iterable, body)
  }
}

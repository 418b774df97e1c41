// `class` and `import`, for configuration files that were Python programs. Both become calls of functions of the host,
// so that the language itself knows neither.
extension Parser {
  /// `class NAME(BASE): body` becomes a function that runs the body and returns its names as a dictionary, and
  /// `NAME = __class__("NAME", BASE, NAME())`.
  mutating func classDefinition(_ statements: inout [Int32]) throws {
    let start = token.start
    try enter()
    defer { leave() }
    try advance()
    guard token.kind == .identifier else { throw unexpected(want: "the class's name") }
    let name = symbol(token)
    let nameOffset = token.start
    let nameText = text(token)
    try bind(name, at: nameOffset)
    try advance()
    try expect(.openParen, "'(' and one base class")
    let base = try test()
    try expect(.closeParen, "')' after one base class")
    try expect(.colon, "':'")
    scopes.append(Bindings())
    let outerLoops = loopDepth
    loopDepth = 0
    let body = try suite()
    loopDepth = outerLoops
    let bindings = scopes.removeLast().order
    var entries: [Int32] = []
    for binding in bindings {
      entries.append(constant(.string(Array(tree.symbols[binding].utf8)), at: start))
      entries.append(node(.name, at: start, binding))
    }
    let (first, count) = list(entries)
    let result = node(.returnStatement, at: start, node(.dict, at: start, first, count / 2))
    let (bodyFirst, bodyCount) = list([body, result])
    tree.functions.append(
      SyntaxTree.Function(
        symbol: name, parameters: [], body: node(.block, at: start, bodyFirst, bodyCount), isLambda: false,
        bindings: bindings, offset: start))
    statements.append(node(.def, at: start, Int32(tree.functions.count - 1), name))
    let attributes = node(.call, at: nameOffset, node(.name, at: nameOffset, name), 0, 0)
    let arguments = [constant(.string(Array(nameText.utf8)), at: nameOffset), base, attributes]
    let made = hostCall("__class__", arguments, at: nameOffset)
    statements.append(node(.assignment, at: nameOffset, node(.name, at: nameOffset, name), made))
  }

  /// `import a.b as c` and `from a import b as c, d`: one assignment for each name.
  mutating func importStatement(_ statements: inout [Int32]) throws {
    let start = token.start
    let isFrom = text(token) == "from"
    try advance()
    if !isFrom {
      repeat {
        let (module, first) = try moduleName()
        let isWhole = !isWord("as")
        let local = try alias() ?? first
        try assignImport(module, isWhole ? nil : module, to: local, at: start, &statements)
      } while try accept(.comma)
      return
    }
    let (module, _) = try moduleName()
    guard isWord("import") else { throw unexpected(want: "import") }
    try advance()
    if try accept(.star) {
      let arguments = [text(constant: module, at: start), text(constant: "*", at: start)]
      statements.append(node(.expressionStatement, at: start, hostCall("__import__", arguments, at: start)))
      return
    }
    let isParenthesized = try accept(.openParen)
    repeat {
      if isParenthesized, token.kind == .closeParen { break }
      guard token.kind == .identifier else { throw unexpected(want: "the name to import") }
      let name = text(token)
      let own = symbol(token)
      try advance()
      try assignImport(module, name, to: try alias() ?? own, at: start, &statements)
    } while try accept(.comma)
    if isParenthesized { try expect(.closeParen, "')'") }
  }

  private mutating func assignImport(
    _ module: String, _ name: String?, to local: Int32, at offset: Int, _ statements: inout [Int32]
  ) throws {
    try bind(local, at: offset)
    let made = hostCall(
      "__import__", [text(constant: module, at: offset)] + (name.map { [text(constant: $0, at: offset)] } ?? []),
      at: offset)
    statements.append(node(.assignment, at: offset, node(.name, at: offset, local), made))
  }

  /// `a.b.c`, and the symbol of its first part.
  private mutating func moduleName() throws -> (name: String, first: Int32) {
    guard token.kind == .identifier else { throw unexpected(want: "the module's name") }
    let first = symbol(token)
    var name = text(token)
    try advance()
    while try accept(.dot) {
      guard token.kind == .identifier else { throw unexpected(want: "the module's name") }
      name += "." + text(token)
      try advance()
    }
    return (name, first)
  }

  /// The name after `as`, if there is one.
  private mutating func alias() throws -> Int32? {
    guard isWord("as") else { return nil }
    try advance()
    guard token.kind == .identifier else { throw unexpected(want: "the name after as") }
    let name = symbol(token)
    try advance()
    return name
  }

  private func isWord(_ word: String) -> Bool { token.kind == .reserved && text(token) == word }

  private mutating func text(constant text: String, at offset: Int) -> Int32 {
    constant(.string(Array(text.utf8)), at: offset)
  }

  private mutating func hostCall(_ name: String, _ arguments: [Int32], at offset: Int) -> Int32 {
    let symbol = Array(name.utf8).withUnsafeBufferPointer { tree.symbols.symbol($0[...]) }
    let (first, count) = list(arguments)
    return node(.call, at: offset, node(.name, at: offset, symbol), first, count)
  }
}

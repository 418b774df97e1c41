import StarlarkSyntax

extension Compiler {
  /// Pushes the value of an expression.
  mutating func expression(_ index: Int32) throws {
    let node = tree[index]
    let offset = node.offset
    switch node.kind {
    case .name: try loadName(node.a, at: offset)
    case .constant: emit(.constant, Int(node.a), at: offset, effect: 1)
    case .binary, .and, .or: try chain(index)
    case .call: try call(node)
    case .list where hasStars(node.a, node.b), .tuple where hasStars(node.a, node.b):
      try starredList((0..<node.b).map { tree.extra[Int(node.a + $0)] }, at: offset)
      if node.kind == .tuple { emit(.tuple, b: 1, at: offset, effect: 0) }
    case .list, .tuple, .set:
      for position in 0..<node.b { try expression(tree.extra[Int(node.a + position)]) }
      let opcode: Opcode = node.kind == .list ? .list : node.kind == .tuple ? .tuple : .set
      emit(opcode, Int(node.b), at: offset, effect: 1 - Int(node.b))
    case .dict:
      // Entries are stored one by one, so that a bad key is reported at its location.
      emit(.dict, at: offset, effect: 1)
      for position in 0..<node.b {
        let key = tree.extra[Int(node.a + 2 * position)]
        if tree[key].kind == .starStarArgument {
          try expression(tree[key].a)
          emit(.inPlace, Int(BinaryOperator.bitOr.rawValue), at: tree[key].offset, effect: -1)
          continue
        }
        try expression(key)
        try expression(tree.extra[Int(node.a + 2 * position + 1)])
        emit(.put, b: 1, at: tree[key].offset, effect: -2)
      }
    case .dot:
      try expression(node.a)
      emit(.attribute, attributeIndex(node.b), at: offset, effect: 0)
    case .index:
      try expression(node.a)
      try expression(node.b)
      emit(.index, at: offset, effect: -1)
    case .slice:
      try expression(node.a)
      for position in 0..<3 {
        let bound = tree.extra[Int(node.b) + position]
        if bound >= 0 { try expression(bound) } else { emit(.none, at: offset, effect: 1) }
      }
      emit(.slice, at: offset, effect: -3)
    case .unary:
      try expression(node.a)
      emit(.unary, Int(node.operation.rawValue), at: offset, effect: 0)
    case .not:
      try expression(node.a)
      emit(.not, at: offset, effect: 0)
    case .conditional:
      try expression(node.a)
      let otherwise = jump(.jumpIfFalse, at: offset, effect: -1)
      try expression(node.b)
      let end = jump(.jump, at: offset, effect: -1)
      builders[top].patch(otherwise)
      try expression(node.c)
      builders[top].patch(end)
    case .lambda: try function(node.a, at: offset)
    case .listComprehension, .dictComprehension: try comprehension(node)
    case .format: try format(node)
    default:
      // The parser allows nothing else here. Without a pushed value, the evaluator would use the value below it.
      throw StarlarkError(
        "this is no expression", kind: .syntax, location: StarlarkLocation(source: source, offset: Int(offset)))
    }
  }

  private func hasStars(_ start: Int32, _ count: Int32) -> Bool {
    (0..<count).contains { tree[tree.extra[Int(start + $0)]].kind == .starArgument }
  }

  /// Pushes a new list of items, some of which are `*x`.
  private mutating func starredList(_ items: [Int32], at offset: UInt32) throws {
    emit(.list, 0, at: offset, effect: 1)
    for item in items {
      if tree[item].kind == .starArgument {
        try expression(tree[item].a)
      } else {
        try expression(item)
        emit(.list, 1, at: tree[item].offset, effect: 0)
      }
      emit(.inPlace, Int(BinaryOperator.plus.rawValue), at: tree[item].offset, effect: -1)
    }
  }

  /// Operators that associate to the left make a spine as long as the chain; it is walked without recursion.
  private mutating func chain(_ index: Int32) throws {
    var spine: [SyntaxTree.Node] = []
    var current = index
    while true {
      let node = tree[current]
      guard node.kind == .binary || node.kind == .and || node.kind == .or else { break }
      spine.append(node)
      current = node.a
    }
    try expression(current)
    for node in spine.reversed() {
      if node.kind == .binary {
        try expression(node.b)
        emit(.binary, Int(node.operation.rawValue), at: node.offset, effect: -1)
      } else {
        let end = jump(node.kind == .and ? .jumpIfFalseOrPop : .jumpIfTrueOrPop, at: node.offset, effect: -1)
        try expression(node.b)
        builders[top].patch(end)
      }
    }
  }

  private mutating func call(_ node: SyntaxTree.Node) throws {
    let callee = tree[node.a]
    let isMethod = callee.kind == .dot
    if isMethod {
      try expression(callee.a)
      emit(.method, attributeIndex(callee.b), at: callee.offset, effect: 1)
    } else {
      try expression(node.a)
    }
    let arguments = (0..<node.c).map { tree.extra[Int(node.b + $0)] }
    var shape = CallShape(positional: 0, names: [], hasStar: false, starStars: 0)
    let inOrder = arguments.filter { tree[$0].kind != .namedArgument && tree[$0].kind != .starStarArgument }
    let plain = inOrder.prefix { tree[$0].kind != .starArgument }
    for argument in plain {
      try expression(argument)
      shape.positional += 1
    }
    for argument in arguments where tree[argument].kind == .namedArgument {
      try expression(tree[argument].b)
      shape.names.append(tree.symbols[tree[argument].a])
    }
    // Everything after the first `*x` is in one list with it.
    let rest = Array(inOrder.dropFirst(plain.count))
    if let first = rest.first {
      if rest.count == 1 { try expression(tree[first].a) } else { try starredList(rest, at: node.offset) }
      shape.hasStar = true
    }
    for argument in arguments where tree[argument].kind == .starStarArgument {
      try expression(tree[argument].a)
      shape.starStars += 1
    }
    builders[top].parts.shapes.append(shape)
    emit(
      isMethod ? .callMethod : .call, builders[top].parts.shapes.count - 1, at: node.offset,
      effect: -shape.width - (isMethod ? 1 : 0))
  }

  private mutating func comprehension(_ node: SyntaxTree.Node) throws {
    let clauses = (0..<node.c).map { tree.extra[Int(node.b + $0)] }
    let isList = node.kind == .listComprehension
    // The first iterable is evaluated outside of the comprehension's own scope.
    try expression(tree[clauses[0]].b)
    emit(.iterate, at: tree[tree[clauses[0]].b].offset, effect: -1)
    emit(isList ? .list : .dict, 0, at: node.offset, effect: 1)

    var block: [Int32: Int] = [:]
    for clause in clauses where tree[clause].kind == .forClause { declare(tree[clause].a, in: &block) }
    for slot in block.values.sorted() { emit(.clearLocal, slot, at: node.offset, effect: 0) }
    builders[top].blocks.append(block)

    var skips: [(jump: Int, isLoop: Bool, start: Int)] = []
    for (position, index) in clauses.enumerated() {
      let clause = tree[index]
      if clause.kind == .forClause {
        if position > 0 {
          try expression(clause.b)
          emit(.iterate, at: tree[clause.b].offset, effect: -1)
        }
        let start = builders[top].position
        skips.append((jump(.next, at: clause.offset, effect: 1), true, start))
        try assign(clause.a)
      } else {
        try expression(clause.a)
        skips.append((jump(.jumpIfFalse, at: clause.offset, effect: -1), false, 0))
      }
    }
    if isList {
      try expression(node.a)
      emit(.append, at: node.offset, effect: -1)
    } else {
      let pair = tree[node.a]
      try expression(pair.a)
      try expression(pair.b)
      emit(.put, at: tree[pair.a].offset, effect: -2)
    }
    // A failed `if` continues the loop around it.
    var failedTests: [Int] = []
    for skip in skips.reversed() {
      if skip.isLoop {
        for test in failedTests { builders[top].patch(test) }
        failedTests = []
        emit(.jump, skip.start, at: node.offset, effect: 0)
        builders[top].patch(skip.jump)
        emit(.endIteration, at: node.offset, effect: 0)
      } else {
        failedTests.append(skip.jump)
      }
    }
    builders[top].blocks.removeLast()
  }

  private mutating func declare(_ target: Int32, in block: inout [Int32: Int]) {
    let node = tree[target]
    switch node.kind {
    case .name where block[node.a] == nil: block[node.a] = builders[top].slot(tree.symbols[node.a])
    case .list, .tuple:
      for position in 0..<node.b { declare(tree.extra[Int(node.a + position)], in: &block) }
    default: break
    }
  }

  private mutating func format(_ node: SyntaxTree.Node) throws {
    for position in 0..<node.b {
      let part = tree[tree.extra[Int(node.a + position)]]
      if part.kind == .formatField {
        try expression(part.a)
        let specification = part.c >= 0 ? tree.constants[Int(part.c)].text ?? "" : ""
        builders[top].parts.formats.append(
          FieldFormat(isRepresentation: part.b == 0x72, specification: specification))
        emit(.format, builders[top].parts.formats.count - 1, at: part.offset, effect: 0)
      } else {
        emit(.constant, Int(part.a), at: part.offset, effect: 1)
      }
    }
    emit(.concatenate, Int(node.b), at: node.offset, effect: 1 - Int(node.b))
  }
}

import StarlarkSyntax

extension Compiler {
  mutating func statement(_ index: Int32) throws {
    let node = tree[index]
    let offset = node.offset
    switch node.kind {
    case .block:
      for position in 0..<node.b { try statement(tree.extra[Int(node.a + position)]) }
    case .expressionStatement:
      if tree[node.a].kind == .constant { return }
      try expression(node.a)
      emit(.pop, at: offset, effect: -1)
    case .assignment:
      try expression(node.b)
      try assign(node.a)
    case .augmentedAssignment: try augmented(node)
    case .def:
      try function(node.a, at: offset)
      storeName(node.b, at: offset)
    case .returnStatement:
      if node.a >= 0 { try expression(node.a) } else { emit(.none, at: offset, effect: 1) }
      emit(.giveBack, at: offset, effect: -1)
    case .ifStatement: try conditional(index)
    case .forStatement: try loop(node)
    case .breakStatement:
      let jump = jump(.jump, at: offset, effect: 0)
      builders[top].loops[builders[top].loops.count - 1].breaks.append(jump)
    case .continueStatement:
      if let loop = builders[top].loops.last { emit(.jump, loop.start, at: offset, effect: 0) }
    case .load: load(node)
    default: break  // pass
    }
  }

  private mutating func augmented(_ node: SyntaxTree.Node) throws {
    let offset = node.offset
    let target = tree[node.a]
    switch target.kind {
    case .index:
      try expression(target.a)
      try expression(target.b)
      emit(.duplicateTwo, at: offset, effect: 2)
      emit(.index, at: target.offset, effect: -1)
      try expression(node.b)
      emit(.inPlace, Int(node.operation.rawValue), at: offset, effect: -1)
      emit(.setIndex, b: 1, at: target.offset, effect: -3)
    case .dot:
      let attribute = attributeIndex(target.b)
      try expression(target.a)
      emit(.duplicate, at: offset, effect: 1)
      emit(.attribute, attribute, at: target.offset, effect: 0)
      try expression(node.b)
      emit(.inPlace, Int(node.operation.rawValue), at: offset, effect: -1)
      emit(.setAttribute, attribute, b: 1, at: target.offset, effect: -2)
    default:
      try loadName(target.a, at: target.offset)
      try expression(node.b)
      emit(.inPlace, Int(node.operation.rawValue), at: offset, effect: -1)
      storeName(target.a, at: offset)
    }
  }

  /// Assigns the top of the stack to a target.
  mutating func assign(_ index: Int32) throws {
    let node = tree[index]
    switch node.kind {
    case .name:
      storeName(node.a, at: node.offset)
    case .list, .tuple:
      emit(.unpack, Int(node.b), at: node.offset, effect: Int(node.b) - 1)
      for position in 0..<node.b { try assign(tree.extra[Int(node.a + position)]) }
    case .index:
      try expression(node.a)
      try expression(node.b)
      emit(.setIndex, at: node.offset, effect: -3)
    default:
      try expression(node.a)
      emit(.setAttribute, attributeIndex(node.b), at: node.offset, effect: -2)
    }
  }

  private mutating func conditional(_ first: Int32) throws {
    var ends: [Int] = []
    var index = first
    while index >= 0, tree[index].kind == .ifStatement {
      let node = tree[index]
      try expression(node.a)
      let otherwise = jump(.jumpIfFalse, at: node.offset, effect: -1)
      try statement(node.b)
      if node.c >= 0 { ends.append(jump(.jump, at: node.offset, effect: 0)) }
      builders[top].patch(otherwise)
      index = node.c
    }
    if index >= 0 { try statement(index) }
    for end in ends { builders[top].patch(end) }
  }

  private mutating func loop(_ node: SyntaxTree.Node) throws {
    try expression(node.b)
    emit(.iterate, at: tree[node.b].offset, effect: -1)
    let start = builders[top].position
    builders[top].loops.append((start, []))
    let exit = jump(.next, at: node.offset, effect: 1)
    try assign(node.a)
    try statement(node.c)
    emit(.jump, start, at: node.offset, effect: 0)
    builders[top].patch(exit)
    for jump in builders[top].loops.removeLast().breaks { builders[top].patch(jump) }
    emit(.endIteration, at: node.offset, effect: 0)
  }

  private mutating func load(_ node: SyntaxTree.Node) {
    let items = (0..<node.b).map { tree.extra[Int(node.a + $0)] }
    let module = tree.constants[Int(items[0])].text ?? ""
    if !loads.contains(module) { loads.append(module) }
    var item = LoadItem(module: module, names: [])
    for position in stride(from: 1, to: items.count, by: 2) {
      let name = tree.constants[Int(items[position + 1])].text ?? ""
      if let slot = globalSlots[items[position]] { item.names.append((slot, name)) }
    }
    builders[top].parts.loads.append(item)
    emit(.load, builders[top].parts.loads.count - 1, at: node.offset, effect: 0)
  }
}

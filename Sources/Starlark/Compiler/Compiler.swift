import StarlarkSyntax

/// Lowers a syntax tree to instructions, resolving names to slots on the way.
struct Compiler {
  /// A compiled file.
  struct Unit {
    var loads: [String]
    var globalNames: [String]
    var exportedGlobals: [Bool]
    var predeclaredNames: [String]
    var code: Code
  }

  let tree: SyntaxTree
  let constants: ContiguousArray<Value>
  let source: SourceFile
  let dialect: Dialect
  let environment: Environment
  /// The functions being compiled, from the file's own code inwards.
  var builders: [FunctionBuilder] = []
  var globalSlots: [Int32: Int] = [:]
  var predeclared: [Int32: Int] = [:]
  var predeclaredNames: [String] = []
  var loads: [String] = []

  static func compile(source: SourceFile, dialect: Dialect, environment: Environment) throws -> Unit {
    let tree = try Parser.parse(source, dialect)
    var compiler = Compiler(tree: tree, source: source, dialect: dialect, environment: environment)
    for (slot, global) in tree.globals.enumerated() { compiler.globalSlots[global.symbol] = slot }
    var builder = FunctionBuilder()
    builder.parts.name = "<toplevel>"
    builder.parts.allowsRecursion = dialect.recursion
    compiler.builders.append(builder)
    try compiler.statement(tree.root)
    let code = compiler.finishFunction(at: 0)
    return Unit(
      loads: compiler.loads, globalNames: tree.globals.map { tree.symbols[$0.symbol] },
      exportedGlobals: tree.globals.map { !tree.loaded.contains($0.symbol) },
      predeclaredNames: compiler.predeclaredNames, code: code)
  }

  init(tree: SyntaxTree, source: SourceFile, dialect: Dialect, environment: Environment) {
    self.tree = tree
    constants = ContiguousArray(tree.constants.map(Self.value))
    self.source = source
    self.dialect = dialect
    self.environment = environment
  }

  private static func value(_ constant: SyntaxTree.Constant) -> Value {
    switch constant {
    case .string(let bytes): .string(StarlarkString(utf8: bytes))
    case .bytes(let bytes): .bytes(StarlarkBytes(bytes))
    case .float(let number): .float(number)
    // The lexer accepts only digits of the base.
    case .integer(let digits): BigInteger.parse(digits, base: 0, allowLeadingZeros: true) ?? .int(0)
    }
  }

  var top: Int { builders.count - 1 }

  mutating func emit(_ opcode: Opcode, _ a: Int = 0, b: UInt8 = 0, at offset: UInt32, effect: Int) {
    builders[top].emit(opcode, a, b: b, at: offset, effect: effect)
  }

  /// Emits a jump to be patched.
  mutating func jump(_ opcode: Opcode, at offset: UInt32, effect: Int) -> Int {
    emit(opcode, 0, at: offset, effect: effect)
    return builders[top].position - 1
  }

  mutating func finishFunction(at offset: UInt32) -> Code {
    emit(.none, at: offset, effect: 1)
    emit(.giveBack, at: offset, effect: -1)
    var builder = builders.removeLast()
    return builder.finish(source: source, constants: constants)
  }

  // MARK: Names

  enum Resolution {
    case local(Int)
    case captured(Int)
    case global(Int)
    case predeclared(Int)
    case late
  }

  mutating func resolve(_ symbol: Int32, at offset: UInt32) throws -> Resolution {
    if let found = resolveLocal(symbol, in: top) { return found }
    if let slot = globalSlots[symbol] { return .global(slot) }
    if let index = predeclared[symbol] { return .predeclared(index) }
    let name = tree.symbols[symbol]
    if environment.lookUp(name) != nil, dialect.sets || name != "set" || environment[name] != nil {
      predeclared[symbol] = predeclaredNames.count
      predeclaredNames.append(name)
      return .predeclared(predeclaredNames.count - 1)
    }
    if dialect.lateNames { return .late }
    throw undefined(name, at: offset)
  }

  private mutating func resolveLocal(_ symbol: Int32, in level: Int) -> Resolution? {
    if let slot = builders[level].localSlot(symbol) { return .local(slot) }
    if let index = builders[level].captureIndex[symbol] { return .captured(index) }
    guard level > 0, let outer = resolveLocal(symbol, in: level - 1) else { return nil }
    switch outer {
    case .local(let slot):
      builders[level - 1].capturedSlots.insert(slot)
      builders[level].parts.captures.append((true, slot))
    case .captured(let index):
      builders[level].parts.captures.append((false, index))
    default: return nil
    }
    builders[level].parts.captureNames.append(tree.symbols[symbol])
    let index = builders[level].parts.captures.count - 1
    builders[level].captureIndex[symbol] = index
    return .captured(index)
  }

  private func undefined(_ name: String, at offset: UInt32) -> StarlarkError {
    var candidates = environment.names + tree.globals.map { tree.symbols[$0.symbol] }
    for builder in builders { candidates += builder.parts.localNames }
    return StarlarkError(
      "undefined: \(name)", kind: .name, hint: Suggestion.hint(for: name, among: candidates),
      location: StarlarkLocation(source: source, offset: Int(offset)))
  }

  mutating func loadName(_ symbol: Int32, at offset: UInt32) throws {
    switch try resolve(symbol, at: offset) {
    case .local(let slot): emit(.local, slot, at: offset, effect: 1)
    case .captured(let index): emit(.captured, index, at: offset, effect: 1)
    case .global(let slot): emit(.global, slot, at: offset, effect: 1)
    case .predeclared(let index): emit(.predeclared, index, at: offset, effect: 1)
    case .late: emit(.late, nameIndex(symbol), at: offset, effect: 1)
    }
  }

  /// Stores the top of the stack in a name that the innermost function, comprehension or file binds.
  mutating func storeName(_ symbol: Int32, at offset: UInt32) {
    if let slot = builders[top].localSlot(symbol) {
      emit(.setLocal, slot, at: offset, effect: -1)
    } else if let slot = globalSlots[symbol] {
      emit(.setGlobal, slot, at: offset, effect: -1)
    }
  }

  mutating func nameIndex(_ symbol: Int32) -> Int {
    if let index = builders[top].nameIndex[symbol] { return index }
    builders[top].parts.names.append(tree.symbols[symbol])
    builders[top].nameIndex[symbol] = builders[top].parts.names.count - 1
    return builders[top].parts.names.count - 1
  }

  mutating func attributeIndex(_ symbol: Int32) -> Int {
    if let index = builders[top].attributeIndex[symbol] { return index }
    builders[top].parts.attributes.append(AttributeName(tree.symbols[symbol]))
    builders[top].attributeIndex[symbol] = builders[top].parts.attributes.count - 1
    return builders[top].parts.attributes.count - 1
  }

  // MARK: Functions

  /// Compiles a nested function; its default values are pushed, then the function.
  mutating func function(_ index: Int32, at offset: UInt32) throws {
    let function = tree.functions[Int(index)]
    let ordinary = function.parameters.filter { $0.kind == .ordinary }
    let firstDefault = ordinary.firstIndex { $0.defaultValue >= 0 } ?? ordinary.count
    for parameter in ordinary[firstDefault...] {
      if parameter.defaultValue >= 0 {
        try expression(parameter.defaultValue)
      } else {
        emit(.unbound, at: offset, effect: 1)
      }
    }

    var builder = FunctionBuilder()
    builder.parts.name = tree.symbols[function.symbol]
    builder.parts.offset = function.offset
    builder.parts.allowsRecursion = dialect.recursion
    var list = ParameterList()
    list.names = ordinary.map { tree.symbols[$0.symbol] }
    let star = function.parameters.first { $0.kind == .star || $0.kind == .bareStar }
    list.positionalCount = ordinary.count { star == nil || $0.offset < (star?.offset ?? 0) }
    list.hasStar = star?.kind == .star
    let starStar = function.parameters.first { $0.kind == .starStar }
    list.hasStarStar = starStar != nil
    list.defaultCount = ordinary.count - firstDefault
    builder.parts.parameters = list
    for parameter in ordinary { builder.locals[parameter.symbol] = builder.slot(tree.symbols[parameter.symbol]) }
    if let star, list.hasStar { builder.locals[star.symbol] = builder.slot(tree.symbols[star.symbol]) }
    if let starStar { builder.locals[starStar.symbol] = builder.slot(tree.symbols[starStar.symbol]) }
    for symbol in function.bindings where builder.locals[symbol] == nil {
      builder.locals[symbol] = builder.slot(tree.symbols[symbol])
    }
    builders.append(builder)
    if function.isLambda {
      try expression(function.body)
      emit(.giveBack, at: tree[function.body].offset, effect: -1)
    } else {
      try statement(function.body)
    }
    let code = finishFunction(at: UInt32(truncatingIfNeeded: function.offset))
    builders[top].parts.functions.append(code)
    emit(.function, builders[top].parts.functions.count - 1, at: offset, effect: 1 - list.defaultCount)
  }
}

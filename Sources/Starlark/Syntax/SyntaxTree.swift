/// The syntax tree of a file: nodes in one array, children by index, so that it costs few allocations.
struct SyntaxTree {
  enum Kind: UInt8 {
    // Expressions. `a`, `b`, `c` are nodes unless said otherwise; lists are ranges of `extra`.
    /// `a`: symbol.
    case name
    /// `a`: constant.
    case constant
    /// Parts: `a`: start, `b`: count.
    case format
    /// `a`: expression, `b`: conversion character or 0, `c`: constant of the format or -1.
    case formatField
    /// `a`: start, `b`: count.
    case list, tuple
    /// `a`: start, `b`: number of entries; key and value alternate.
    case dict
    /// `operation`, `a`.
    case unary
    /// `operation`, `a`, `b`.
    case binary
    case and, or, not
    /// `b if a else c`.
    case conditional
    /// `a`, `b`: symbol.
    case dot
    case index
    /// `a`, `b`: start of three nodes, -1 for absent ones.
    case slice
    /// `a`, `b`: start, `c`: count of arguments.
    case call
    /// An argument `name=value`; `a`: symbol, `b`: value.
    case namedArgument
    /// `*a` and `**a` in a call.
    case starArgument, starStarArgument
    /// `a`: function.
    case lambda
    /// `a`: body, `b`: start, `c`: count of clauses.
    case listComprehension
    /// `a`: pair, `b`: start, `c`: count of clauses.
    case dictComprehension
    /// `a`: key, `b`: value.
    case pair
    /// `for a in b`.
    case forClause
    /// `if a`.
    case ifClause

    // Statements.
    case expressionStatement
    /// `a` = `b`.
    case assignment
    /// `a` `operation`= `b`.
    case augmentedAssignment
    /// `a`: function, `b`: symbol.
    case def
    /// `a`: node or -1.
    case returnStatement
    /// `a`: condition, `b`: block, `c`: block, `if` or -1.
    case ifStatement
    /// `for a in b: c`.
    case forStatement
    case pass, breakStatement, continueStatement
    /// `a`: start, `b`: count; the module's constant, then local symbol and exported name's constant alternate.
    case load
    /// `a`: start, `b`: count.
    case block
  }

  struct Node {
    var kind: Kind
    var operation: BinaryOperator = .plus
    /// The byte offset that messages point at.
    var offset: UInt32
    var a: Int32 = -1
    var b: Int32 = -1
    var c: Int32 = -1
  }

  struct Parameter {
    enum Kind { case ordinary, star, starStar, bareStar }
    var kind: Kind
    var symbol: Int32
    /// The node of the default value, or -1.
    var defaultValue: Int32
    var offset: Int
  }

  struct Function {
    var symbol: Int32
    var parameters: [Parameter]
    /// A block, or for a lambda an expression.
    var body: Int32
    var isLambda: Bool
    /// The symbols that assignments in the body bind, in order, without parameters.
    var bindings: [Int32]
    var offset: Int
  }

  var nodes: ContiguousArray<Node> = []
  var extra: ContiguousArray<Int32> = []
  var constants: ContiguousArray<Value> = []
  var functions: [Function] = []
  var symbols = SymbolTable()
  var root: Int32 = -1
  /// The symbols that the file binds at top level, with where each is first bound.
  var globals: [(symbol: Int32, offset: Int)] = []
  /// Those of `globals` that `load` statements bind.
  var loaded: Set<Int32> = []

  subscript(node: Int32) -> Node { nodes[Int(node)] }
}

/// The identifiers of a file, numbered.
struct SymbolTable {
  private(set) var names: ContiguousArray<String> = []
  private var hashes: ContiguousArray<UInt32> = []
  private var slots: [Int32] = Array(repeating: -1, count: 64)

  /// The number of an identifier.
  mutating func symbol(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Int32 {
    var hash: UInt32 = 2_166_136_261
    for byte in bytes { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    var slot = Int(hash) & (slots.count - 1)
    while slots[slot] >= 0 {
      let candidate = Int(slots[slot])
      if hashes[candidate] == hash, names[candidate].utf8.elementsEqual(bytes) { return slots[slot] }
      slot = (slot + 1) & (slots.count - 1)
    }
    let symbol = Int32(names.count)
    names.append(String(decoding: bytes, as: UTF8.self))
    hashes.append(hash)
    slots[slot] = symbol
    if names.count * 2 > slots.count { grow() }
    return symbol
  }

  private mutating func grow() {
    slots = Array(repeating: -1, count: slots.count * 4)
    for (symbol, hash) in hashes.enumerated() {
      var slot = Int(hash) & (slots.count - 1)
      while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = Int32(symbol)
    }
  }

  subscript(symbol: Int32) -> String { names[Int(symbol)] }
}

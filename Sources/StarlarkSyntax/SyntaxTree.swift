/// The syntax tree of a file: nodes in one array, children by index, so that it costs few allocations.
package struct SyntaxTree {
  package enum Kind: UInt8 {
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
    case list, tuple, set
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
    /// `*a` and `**a` in a call, a list or a dictionary.
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

  package struct Node {
    package var kind: Kind
    package var operation: BinaryOperator = .plus
    /// The byte offset that messages point at.
    package var offset: UInt32
    package var a: Int32 = -1
    package var b: Int32 = -1
    package var c: Int32 = -1
  }

  /// A literal.
  package enum Constant {
    /// The bytes denoted, escapes resolved.
    case string([UInt8])
    case bytes([UInt8])
    /// The integer as written, of any size.
    case integer([UInt8])
    case float(Double)

    /// The text of a string.
    package var text: String? {
      if case .string(let bytes) = self { return String(decoding: bytes, as: UTF8.self) }
      return nil
    }
  }

  package struct Parameter {
    package enum Kind { case ordinary, star, starStar, bareStar }
    package var kind: Kind
    package var symbol: Int32
    /// The node of the default value, or -1.
    package var defaultValue: Int32
    package var offset: Int
  }

  package struct Function {
    package var symbol: Int32
    package var parameters: [Parameter]
    /// A block, or for a lambda an expression.
    package var body: Int32
    package var isLambda: Bool
    /// The symbols that assignments in the body bind, in order, without parameters.
    package var bindings: [Int32]
    package var offset: Int
  }

  package var nodes: ContiguousArray<Node> = []
  package var extra: ContiguousArray<Int32> = []
  package var constants: ContiguousArray<Constant> = []
  package var functions: [Function] = []
  package var symbols = SymbolTable()
  package var root: Int32 = -1
  /// The symbols that the file binds at top level, with where each is first bound.
  package var globals: [(symbol: Int32, offset: Int)] = []
  /// The names among `globals` that `load` statements bind.
  package var loaded: Set<Int32> = []

  package subscript(node: Int32) -> Node { nodes[Int(node)] }
}

/// The identifiers of a file, numbered.
package struct SymbolTable {
  package private(set) var names: ContiguousArray<String> = []
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

  package subscript(symbol: Int32) -> String { names[Int(symbol)] }
}

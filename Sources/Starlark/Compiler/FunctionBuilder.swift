import StarlarkSyntax

/// A function while it is compiled: its instructions, and its names resolved to slots.
struct FunctionBuilder {
  var parts = Code.Parts()
  var stackDepth = 0
  /// The slots of parameters and assigned names.
  var locals: [Int32: Int] = [:]
  /// The variables of the comprehensions that are open, innermost last.
  var blocks: [[Int32: Int]] = []
  /// Local slots that a nested function captures. Instructions are written for slots, and `finish` turns those of
  /// captured slots into cell instructions, because the captured slots are known only at the end.
  var capturedSlots = Set<Int>()
  var captureIndex: [Int32: Int] = [:]
  var attributeIndex: [Int32: Int] = [:]
  var nameIndex: [Int32: Int] = [:]
  /// The jumps to patch of the loops that are open: breaks, and where continue goes.
  var loops: [(start: Int, breaks: [Int])] = []

  mutating func emit(_ opcode: Opcode, _ a: Int = 0, b: UInt8 = 0, at offset: UInt32, effect: Int) {
    parts.instructions.append(Instruction(opcode: opcode, b: b, a: Int32(truncatingIfNeeded: a)))
    parts.offsets.append(offset)
    stackDepth += effect
    if stackDepth > parts.maximumStack { parts.maximumStack = stackDepth }
  }

  var position: Int { parts.instructions.count }

  /// Sets the target of the jump at `instruction` to the next instruction.
  mutating func patch(_ instruction: Int) { parts.instructions[instruction].a = Int32(position) }

  /// A new local slot.
  mutating func slot(_ name: String) -> Int {
    parts.localNames.append(name)
    return parts.localNames.count - 1
  }

  func localSlot(_ symbol: Int32) -> Int? {
    for block in blocks.reversed() {
      if let slot = block[symbol] { return slot }
    }
    return locals[symbol]
  }

  mutating func finish(source: SourceFile, constants: ContiguousArray<Value>) -> Code {
    if !capturedSlots.isEmpty {
      var cells: [Int: Int] = [:]
      for slot in capturedSlots.sorted() {
        cells[slot] = parts.cellNames.count
        if slot < parts.parameters.slotCount { parts.parameterCells.append((slot, parts.cellNames.count)) }
        parts.cellNames.append(parts.localNames[slot])
      }
      for position in parts.instructions.indices {
        let instruction = parts.instructions[position]
        let replacement: Opcode
        switch instruction.opcode {
        case .local: replacement = .cell
        case .setLocal: replacement = .setCell
        case .clearLocal: replacement = .clearCell
        default: continue
        }
        guard let cell = cells[Int(instruction.a)] else { continue }
        parts.instructions[position].opcode = replacement
        parts.instructions[position].a = Int32(cell)
      }
      // Nested functions named the captured slot; now it is a cell.
      parts.functions = parts.functions.map { nested in
        guard nested.parts.captures.contains(where: { $0.isCell }) else { return nested }
        var parts = nested.parts
        parts.captures = parts.captures.map { $0.isCell ? (true, cells[$0.index] ?? $0.index) : $0 }
        return Code(parts, source: source, constants: constants)
      }
    }
    return Code(parts, source: source, constants: constants)
  }
}

import StarlarkSyntax

/// The operations of the evaluator: a stack machine with slots for local variables.
///
/// In comments, `a` is the instruction's operand, and the stack grows to the right.
enum Opcode: UInt8 {
  /// Push constant `a`, None, True, False, or the mark of a missing value.
  case constant, none, yes, no, unbound
  /// Push local slot `a`, cell `a`, captured cell `a`, global `a`, predeclared name `a`, or a name looked up late.
  case local, cell, captured, global, predeclared, late
  /// Pop into local slot, cell or global `a`.
  case setLocal, setCell, setGlobal
  /// Make local slot `a` unbound; make cell `a` a new, unbound one.
  case clearLocal, clearCell
  /// Drop the top; push the top again; push the top two again.
  case pop, duplicate, duplicateTwo
  /// `x` to its operator `a` (of `BinaryOperator`: plus, minus, bitXor for ~).
  case unary
  case not
  /// `x y` to `x a y`.
  case binary
  /// `x y` to the result of `x a= y`, which can change `x` in place.
  case inPlace
  /// Go to `a`: always; if the popped value is false, or true; if the top is, else pop it.
  case jump, jumpIfFalse, jumpIfTrue, jumpIfFalseOrPop, jumpIfTrueOrPop
  /// Pop `a` values and push a list, tuple or set of them; push an empty dictionary. `tuple` with `b` 1: `list` to a tuple
  /// of its elements.
  case list, tuple, dict, set
  /// `list value` to `list`, with the value added; `dict key value` to `dict`.
  case append, put
  /// Pop a value and begin to iterate over it; push the next element or go to `a`; end the innermost iteration.
  case iterate, next, endIteration
  /// `x key` to `x[key]`; `x low high step` to `x[low:high:step]`.
  case index, slice
  /// `value x key` or (`b` is 1) `x key value`: assign `x[key]`.
  case setIndex
  /// `x` to attribute `a` of it. With `method`, to a function and the receiver it takes, for `callMethod`.
  case attribute, method
  /// `value x` or (`b` is 1) `x value`: assign attribute `a`.
  case setAttribute
  /// `function arguments…` to the result; shape `a`. With `callMethod` the receiver is after the function.
  case call, callMethod
  /// Pop the default values of nested function `a` and push the function.
  case function
  /// Pop an iterable of `a` elements and push them, the first on top.
  case unpack
  /// Return the top.
  case giveBack
  /// Carry out load statement `a`.
  case load
  /// Pop `a` strings and push their concatenation.
  case concatenate
  /// `x` to its text, by field format `a`.
  case format
}

struct Instruction {
  var opcode: Opcode
  var b: UInt8 = 0
  var a: Int32 = 0
}

/// The stack layout that a call instruction finds.
struct CallShape: Sendable {
  var positional: Int
  var names: [String]
  var hasStar: Bool
  /// The number of `**x`.
  var starStars: Int

  /// The number of values that the arguments occupy.
  var width: Int { positional + names.count + (hasStar ? 1 : 0) + starStars }
}

/// The parameters of a function. Local slots begin with them, then `*args`, then `**kwargs`.
struct ParameterList: Sendable {
  /// Ordinary parameters, then those after `*`.
  var names: [String] = []
  var positionalCount = 0
  var hasStar = false
  var hasStarStar = false
  /// The number of the last `names` that can have a default value.
  var defaultCount = 0

  var slotCount: Int { names.count + (hasStar ? 1 : 0) + (hasStarStar ? 1 : 0) }
}

/// A `load` statement.
struct LoadItem: Sendable {
  var module: String
  /// The global that receives each name of the module.
  var names: [(global: Int, name: String)]
}

/// The format of a field of an f-string.
struct FieldFormat: Sendable {
  var isRepresentation: Bool
  var specification: String
}

/// A compiled function body.
///
/// `@unchecked Sendable`: only `init` writes the memory behind the pointers, which lives as long as the object.
final class Code: @unchecked Sendable {
  struct Parts {
    var name = ""
    var offset = 0
    var instructions: [Instruction] = []
    /// The source offset of each instruction.
    var offsets: [UInt32] = []
    var names: [String] = []
    var attributes: [AttributeName] = []
    var shapes: [CallShape] = []
    var functions: [Code] = []
    var loads: [LoadItem] = []
    var formats: [FieldFormat] = []
    var parameters = ParameterList()
    var localNames: [String] = []
    var cellNames: [String] = []
    /// The parameters that live in cells.
    var parameterCells: [(slot: Int, cell: Int)] = []
    /// The origins of the captured cells in the enclosing function.
    var captures: [(isCell: Bool, index: Int)] = []
    var captureNames: [String] = []
    var maximumStack = 0
    var allowsRecursion = false
  }

  let parts: Parts
  let source: SourceFile
  let name: String
  let parameters: ParameterList
  let localCount: Int
  let slotCount: Int
  let instructions: UnsafePointer<Instruction>
  let constants: ContiguousArray<Value>

  init(_ parts: Parts, source: SourceFile, constants: ContiguousArray<Value>) {
    self.parts = parts
    self.source = source
    self.constants = constants
    name = parts.name
    parameters = parts.parameters
    localCount = parts.localNames.count
    slotCount = parts.localNames.count + parts.maximumStack
    let buffer = UnsafeMutablePointer<Instruction>.allocate(capacity: max(1, parts.instructions.count))
    buffer.initialize(from: parts.instructions, count: parts.instructions.count)
    instructions = UnsafePointer(buffer)
  }

  deinit { UnsafeMutablePointer(mutating: instructions).deallocate() }

  var location: StarlarkLocation { StarlarkLocation(source: source, offset: parts.offset) }

  func location(at instruction: Int) -> StarlarkLocation {
    let offsets = parts.offsets
    let offset = offsets.indices.contains(instruction) ? Int(offsets[instruction]) : parts.offset
    return StarlarkLocation(source: source, offset: offset)
  }
}

import StarlarkSyntax

/// Runs compiled functions.
enum Evaluator {
  /// Runs a function whose local slots, at `base`, the caller has initialized and will clear again.
  ///
  /// The operand stack begins after them; the compiler has computed the size of both.
  static func run(
    _ function: StarlarkFunction, _ base: UnsafeMutablePointer<Value>, _ thread: StarlarkThread
  ) throws -> Value {
    let code = function.code
    let module = function.module
    let meter = thread.meter
    let instructions = code.instructions
    let stackBase = base + code.localCount
    let iteratorBase = thread.iterators.count
    thread.frames.append(Frame(function: function))
    defer { thread.frames.removeLast() }

    var cells: [Cell] = []
    if !code.parts.cellNames.isEmpty {
      for _ in code.parts.cellNames { cells.append(Cell(.unbound)) }
      for (slot, cell) in code.parts.parameterCells { cells[cell].value = base[slot] }
    }

    var pc = 0
    var sp = stackBase

    @inline(__always) func push(_ value: Value) {
      sp.initialize(to: value)
      sp += 1
    }
    @inline(__always) func pop() -> Value {
      sp -= 1
      return sp.move()
    }

    do {
      while true {
        let instruction = instructions[pc]
        let a = Int(instruction.a)
        pc += 1
        try meter.step()
        switch instruction.opcode {
        case .constant: push(code.constants[a])
        case .none: push(.none)
        case .yes: push(.bool(true))
        case .no: push(.bool(false))
        case .unbound: push(.unbound)
        case .local:
          let value = base[a]
          if case .unbound = value { throw unassigned("local", code.parts.localNames[a]) }
          push(value)
        case .cell:
          let value = cells[a].value
          if case .unbound = value { throw unassigned("local", code.parts.cellNames[a]) }
          push(value)
        case .captured:
          let value = function.captured[a].value
          if case .unbound = value { throw unassigned("local", code.parts.captureNames[a]) }
          push(value)
        case .global:
          let value = module.globals[a]
          if case .unbound = value { throw unassigned("global", module.program.globalNames[a]) }
          push(value)
        case .predeclared: push(module.predeclared[a])
        case .late:
          thread.frames[thread.frames.count - 1].instruction = pc - 1
          push(try lateName(code.parts.names[a], module, thread))
        case .setLocal: base[a] = pop()
        case .setCell: cells[a].value = pop()
        case .setGlobal: module.globals[a] = pop()
        case .clearLocal: base[a] = .unbound
        case .clearCell: cells[a] = Cell(.unbound)
        case .pop: _ = pop()
        case .duplicate: push(sp[-1])
        case .duplicateTwo:
          push(sp[-2])
          push(sp[-2])
        case .unary: push(try Operators.unary(BinaryOperator(rawValue: UInt8(a)) ?? .plus, pop()))
        case .not: push(.bool(!pop().isTruthy))
        case .binary:
          let right = pop()
          let left = pop()
          push(try Operators.binary(BinaryOperator(rawValue: UInt8(a)) ?? .plus, left, right, thread))
        case .inPlace:
          let right = pop()
          let left = pop()
          push(try Operators.inPlace(BinaryOperator(rawValue: UInt8(a)) ?? .plus, left, right, thread))
        case .jump: pc = a
        case .jumpIfFalse: if !pop().isTruthy { pc = a }
        case .jumpIfTrue: if pop().isTruthy { pc = a }
        case .jumpIfFalseOrPop: if sp[-1].isTruthy { _ = pop() } else { pc = a }
        case .jumpIfTrueOrPop: if sp[-1].isTruthy { pc = a } else { _ = pop() }
        case .list:
          try meter.allocate(64 + 16 * a)
          push(.list(StarlarkList(take(a, &sp))))
        case .tuple where instruction.b == 1:
          if case .list(let list) = pop() {
            try meter.allocate(32 + 16 * list.elements.count)
            push(.tuple(Array(list.elements)))
          }
        case .tuple:
          try meter.allocate(32 + 16 * a)
          push(.tuple(take(a, &sp)))
        case .dict:
          try meter.allocate(96)
          push(.dict(StarlarkDict()))
        case .set: push(.set(try SetOperations.make(take(a, &sp), meter)))
        case .append:
          let value = pop()
          try meter.allocate(16)
          if case .list(let list) = sp[-1] { list.elements.append(value) }
        case .put:
          let value = pop()
          let key = pop()
          if case .dict(let dict) = sp[-1] {
            try meter.allocate(48)
            let isNew = try dict.table.insert(key, hash: hashValue(of: key, meter), value, meter: meter)
            if !isNew, instruction.b == 1 {
              throw StarlarkError("duplicate key: \(try Printer.representation(key, meter))")
            }
          }
        case .iterate: thread.iterators.append(try IteratorState(pop()))
        case .next:
          if let value = thread.iterators[thread.iterators.count - 1].next() { push(value) } else { pc = a }
        case .endIteration: thread.iterators.removeLast().end()
        case .index:
          let key = pop()
          push(try Indexing.element(of: pop(), at: key, meter))
        case .slice:
          let step = pop()
          let high = pop()
          let low = pop()
          push(try Indexing.slice(of: pop(), low, high, step, meter))
        case .setIndex:
          if instruction.b == 1 {
            let value = pop()
            let key = pop()
            try Indexing.setElement(of: pop(), at: key, to: value, meter)
          } else {
            let key = pop()
            let target = pop()
            try Indexing.setElement(of: target, at: key, to: pop(), meter)
          }
        case .attribute: push(try Attributes.value(of: pop(), code.parts.attributes[a], thread))
        case .method:
          // In place: the optimizer of Swift 6.3 loses a receiver that is moved off the stack and pushed again after
          // the method.
          let top = sp - 1
          if let method = code.parts.attributes[a].method(for: top.pointee) {
            push(top.pointee)
            top.pointee = .builtin(method)
          } else {
            top.pointee = try Attributes.value(of: top.pointee, code.parts.attributes[a], thread)
            push(.unbound)
          }
        case .setAttribute:
          if instruction.b == 1 {
            let value = pop()
            try Attributes.set(pop(), code.parts.attributes[a], to: value)
          } else {
            let target = pop()
            try Attributes.set(target, code.parts.attributes[a], to: pop())
          }
        case .call:
          thread.frames[thread.frames.count - 1].instruction = pc - 1
          let shape = code.parts.shapes[a]
          let callee = sp - shape.width - 1
          let result = try call(callee.pointee, receiver: .unbound, callee + 1, shape, thread)
          while sp > callee {
            sp -= 1
            sp.deinitialize(count: 1)
          }
          push(result)
        case .callMethod:
          thread.frames[thread.frames.count - 1].instruction = pc - 1
          let shape = code.parts.shapes[a]
          let callee = sp - shape.width - 2
          let result = try call(callee.pointee, receiver: callee[1], callee + 2, shape, thread)
          while sp > callee {
            sp -= 1
            sp.deinitialize(count: 1)
          }
          push(result)
        case .function:
          let nested = code.parts.functions[a]
          try meter.allocate(96)
          let captured = nested.parts.captures.map { $0.isCell ? cells[$0.index] : function.captured[$0.index] }
          let defaults = take(nested.parameters.defaultCount, &sp)
          push(.function(StarlarkFunction(code: nested, module: module, defaults: defaults, captured: captured)))
        case .unpack:
          for element in try unpacked(pop(), a, meter).reversed() { push(element) }
        case .giveBack:
          let result = pop()
          while thread.iterators.count > iteratorBase { thread.iterators.removeLast().end() }
          return result
        case .load:
          thread.frames[thread.frames.count - 1].instruction = pc - 1
          try load(code.parts.loads[a], module, thread)
        case .concatenate: push(try concatenated(take(a, &sp), meter))
        case .format: push(try formatted(pop(), code.parts.formats[a], meter))
        }
      }
    } catch {
      thread.frames[thread.frames.count - 1].instruction = pc - 1
      while sp > stackBase {
        sp -= 1
        sp.deinitialize(count: 1)
      }
      while thread.iterators.count > iteratorBase { thread.iterators.removeLast().end() }
      throw located(error, thread)
    }
  }

  /// Pops `count` values into an array.
  @inline(__always)
  private static func take(_ count: Int, _ sp: inout UnsafeMutablePointer<Value>) -> [Value] {
    if count == 0 { return [] }
    let start = sp - count
    sp = start
    return [Value](unsafeUninitializedCapacity: count) { buffer, initialized in
      if let target = buffer.baseAddress { target.moveInitialize(from: start, count: count) }
      initialized = count
    }
  }

  @inline(never)
  private static func unassigned(_ kind: String, _ name: String) -> StarlarkError {
    StarlarkError("\(kind) variable \(name) referenced before assignment", kind: .name)
  }

  /// The error with the place where it happened, and the calls that led there.
  @inline(never)
  static func located(_ error: any Error, _ thread: StarlarkThread) -> StarlarkError {
    var result = error as? StarlarkError ?? StarlarkError("\(error)", cause: error)
    if result.location == nil || (result.callStack.isEmpty && result.kind != .syntax && result.kind != .name) {
      if result.location == nil { result.location = thread.currentLocation }
      result.callStack = thread.callStack
      if let builtin = result.builtin {
        result.callStack.append(StarlarkError.Frame(function: builtin, location: nil))
      }
    }
    return result
  }

  private static func lateName(_ name: String, _ module: ModuleState, _ thread: StarlarkThread) throws -> Value {
    if let value = module.late[name] { return value }
    if let location = thread.currentLocation, let value = try thread.undefinedName?(name, location) { return value }
    let candidates = module.program.environment.names + module.program.globalNames + Array(module.late.keys)
    throw StarlarkError("undefined: \(name)", kind: .name, hint: Suggestion.hint(for: name, among: candidates))
  }

  private static func unpacked(_ value: Value, _ count: Int, _ meter: Meter) throws -> [Value] {
    guard let elements = try elements(of: value, meter) else {
      throw StarlarkError("got \(value.typeName) in sequence assignment")
    }
    if elements.count < count {
      throw StarlarkError("too few values to unpack (got \(elements.count), want \(count))")
    }
    if elements.count > count {
      throw StarlarkError("too many values to unpack (got \(elements.count), want \(count))")
    }
    return elements
  }

  private static func load(_ item: LoadItem, _ module: ModuleState, _ thread: StarlarkThread) throws {
    guard let load = thread.load, let location = thread.currentLocation else {
      throw StarlarkError("load is not available here")
    }
    let loaded = try load(item.module, location)
    for (global, name) in item.names {
      guard let value = loaded[name] else {
        throw StarlarkError(
          "load: name \(name) not found in module \(item.module)", kind: .name,
          hint: Suggestion.hint(for: name, among: loaded.globals.map(\.name)))
      }
      module.globals[global] = value
    }
  }

  private static func concatenated(_ parts: [Value], _ meter: Meter) throws -> Value {
    var bytes: [UInt8] = []
    for part in parts { if case .string(let string) = part { bytes += string.utf8 } }
    try meter.allocate(bytes.count)
    return .string(StarlarkString(utf8: bytes))
  }

  private static func formatted(_ value: Value, _ format: FieldFormat, _ meter: Meter) throws -> Value {
    let value =
      format.isRepresentation
      ? Value.string(StarlarkString(utf8: try Printer.representationBytes(value, meter))) : value
    if format.specification.isEmpty { return .string(StarlarkString(utf8: try Printer.bytes(value, meter))) }
    return .string(try FormatSpecification(format.specification).apply(to: value, meter))
  }
}

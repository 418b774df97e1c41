import StarlarkSyntax

extension Evaluator {
  /// Calls a value with arguments that lie on the operand stack.
  static func call(
    _ callee: Value, receiver: Value, _ arguments: UnsafeMutablePointer<Value>, _ shape: CallShape,
    _ thread: StarlarkThread
  ) throws -> Value {
    if case .function(let function) = callee, !shape.hasStar, shape.starStars == 0 {
      let parameters = function.code.parameters
      if shape.names.isEmpty, parameters.names.count == shape.positional,
        parameters.positionalCount == shape.positional, !parameters.hasStar, !parameters.hasStarStar
      {
        // The common case: no arguments to match up.
        return try invoke(function, thread) { slots in slots.initialize(from: arguments, count: shape.positional) }
      }
      let named = arguments + shape.positional
      return try invoke(function, thread) { slots in
        try bind(
          function, UnsafeBufferPointer(start: arguments, count: shape.positional), namedCount: shape.names.count,
          { NamedArgument(name: shape.names[$0], value: named[$0]) }, into: slots, thread)
      }
    }
    var positional = Array(UnsafeBufferPointer(start: arguments, count: shape.positional))
    var named: [NamedArgument] = []
    var next = arguments + shape.positional
    if !shape.names.isEmpty {
      named.reserveCapacity(shape.names.count)
      for name in shape.names {
        named.append(NamedArgument(name: name, value: next.pointee))
        next += 1
      }
    }
    if shape.hasStar {
      guard let more = try elements(of: next.pointee, thread.meter) else {
        throw StarlarkError("argument after * must be iterable, not \(next.pointee.typeName)")
      }
      try thread.meter.allocate(more.count, times: 16)
      positional += more
      next += 1
    }
    if shape.starStars > 0 {
      var seen = Set(named.map(\.name))
      for _ in 0..<shape.starStars {
        try unpack(next.pointee, for: callee, into: &named, &seen, thread)
        next += 1
      }
    }
    return try call(callee, receiver: receiver, positional, named, thread)
  }

  /// Adds the entries of a mapping as arguments by name.
  private static func unpack(
    _ mapping: Value, for callee: Value, into named: inout [NamedArgument], _ seen: inout Set<String>,
    _ thread: StarlarkThread
  ) throws {
    let found: [(key: Value, value: Value)]? =
      switch mapping {
      case .dict(let dict): dict.items
      case .opaque(let reference): try reference.object.items()
      default: nil
      }
    guard let items = found else {
      throw StarlarkError("argument after ** must be a mapping, not \(mapping.typeName)")
    }
    try thread.meter.step(items.count)
    try thread.meter.allocate(items.count, times: 48)
    for (key, value) in items {
      guard let name = key.asString else {
        throw StarlarkError("keywords must be strings, not \(key.typeName)")
      }
      guard seen.insert(name).inserted else {
        throw StarlarkError("\(functionName(callee)) got multiple values for parameter \"\(name)\"")
      }
      named.append(NamedArgument(name: name, value: value))
    }
  }

  /// Calls a value.
  static func call(
    _ callee: Value, _ positional: [Value], _ named: [NamedArgument], _ thread: StarlarkThread
  ) throws -> Value {
    do {
      return try call(callee, receiver: .unbound, positional, named, thread)
    } catch {
      throw located(error, thread)
    }
  }

  private static func functionName(_ callee: Value) -> String {
    switch callee {
    case .function(let function): "function \(function.name)"
    case .builtin(let builtin): builtin.name
    default: callee.typeName
    }
  }

  private static func call(
    _ callee: Value, receiver: Value, _ positional: [Value], _ named: [NamedArgument], _ thread: StarlarkThread
  ) throws -> Value {
    switch callee {
    case .function(let function):
      return try positional.withUnsafeBufferPointer { positional in
        try invoke(function, thread) { slots in
          try bind(function, positional, namedCount: named.count, { named[$0] }, into: slots, thread)
        }
      }
    case .builtin(let builtin):
      var target = builtin.receiver
      if case .unbound = receiver {} else { target = receiver }
      let call = Call(name: builtin.name, receiver: target, positional: positional, named: named, thread: thread)
      return try enter(builtin.name, thread) { try builtin.body(call) }
    case .opaque(let reference) where reference.object.isCallable:
      let name = reference.object.typeName
      let call = Call(name: name, receiver: nil, positional: positional, named: named, thread: thread)
      return try enter(name, thread) { try reference.object.call(call) }
    default:
      throw StarlarkError("invalid call of non-function (\(callee.typeName))")
    }
  }

  /// Runs a function of the host; its errors carry its name.
  private static func enter(_ name: String, _ thread: StarlarkThread, _ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch var error as StarlarkError {
      if error.location == nil, error.builtin == nil { error.builtin = name }
      throw error
    } catch {
      var wrapped = StarlarkError("\(name): \(error)", cause: error)
      wrapped.builtin = name
      throw wrapped
    }
  }

  /// Runs a Starlark function; `fill` initialises the slots of its parameters, or throws having initialised none.
  private static func invoke(
    _ function: StarlarkFunction, _ thread: StarlarkThread, _ fill: (UnsafeMutablePointer<Value>) throws -> Void
  ) throws -> Value {
    let code = function.code
    if thread.frames.count >= thread.limits.callDepth {
      throw StarlarkError("too many nested calls: more than \(thread.limits.callDepth)", kind: .limit)
    }
    if !code.parts.allowsRecursion {
      for frame in thread.frames where frame.function.code === code {
        throw StarlarkError("function \(code.name) called recursively")
      }
    }
    try thread.meter.allocate(64)
    let base = UnsafeMutablePointer<Value>.allocate(capacity: max(1, code.slotCount))
    defer { base.deallocate() }
    try fill(base)
    let parameterCount = code.parameters.slotCount
    (base + parameterCount).initialize(repeating: .unbound, count: code.localCount - parameterCount)
    defer { base.deinitialize(count: code.localCount) }
    return try run(function, base, thread)
  }

  /// Initialises the slots of a function's parameters with the arguments that belong there, or throws having
  /// initialised none. It works in the slots themselves, so that a call costs no arrays.
  @inline(__always)
  private static func bind(
    _ function: StarlarkFunction, _ positional: UnsafeBufferPointer<Value>, namedCount: Int,
    _ named: (Int) -> NamedArgument, into slots: UnsafeMutablePointer<Value>, _ thread: StarlarkThread
  ) throws {
    let count = function.code.parameters.slotCount
    slots.initialize(repeating: .unbound, count: count)
    do {
      try match(function, positional, namedCount: namedCount, named, slots, thread)
    } catch {
      slots.deinitialize(count: count)
      throw error
    }
  }

  /// Matches arguments with parameters, whose slots are unbound.
  @inline(__always)
  private static func match(
    _ function: StarlarkFunction, _ positional: UnsafeBufferPointer<Value>, namedCount: Int,
    _ named: (Int) -> NamedArgument, _ slots: UnsafeMutablePointer<Value>, _ thread: StarlarkThread
  ) throws {
    let parameters = function.code.parameters
    let direct = min(positional.count, parameters.positionalCount)
    for position in 0..<direct { slots[position] = positional[position] }
    var nextSlot = parameters.names.count
    if parameters.hasStar {
      slots[nextSlot] = .tuple(Array(positional[direct...]))
      nextSlot += 1
    } else if positional.count > parameters.positionalCount {
      throw tooManyArguments(function, positional.count)
    }
    let extra = parameters.hasStarStar ? StarlarkDict() : nil
    for index in 0..<namedCount {
      let argument = named(index)
      if let position = parameters.names.firstIndex(of: argument.name) {
        guard slots[position].isUnbound else {
          throw StarlarkError("function \(function.name) got multiple values for parameter \"\(argument.name)\"")
        }
        slots[position] = argument.value
      } else if let extra {
        let key = StarlarkString(argument.name)
        try extra.table.insert(.string(key), hash: hashBytes(key.utf8), argument.value, meter: thread.meter)
      } else {
        throw StarlarkError(
          "function \(function.name) got an unexpected keyword argument \"\(argument.name)\"",
          hint: [
            Suggestion.hint(for: argument.name, among: parameters.names),
            "its parameters are " + parameters.names.joined(separator: ", "),
          ].compactMap(\.self).joined(separator: "\n"))
      }
    }
    let firstDefault = parameters.names.count - parameters.defaultCount
    var isComplete = true
    for position in parameters.names.indices where slots[position].isUnbound {
      if position >= firstDefault { slots[position] = function.defaults[position - firstDefault] }
      if slots[position].isUnbound { isComplete = false }
    }
    guard isComplete else { throw missingArguments(function, slots) }
    if let extra { slots[nextSlot] = .dict(extra) }
  }

  @inline(never)
  private static func tooManyArguments(_ function: StarlarkFunction, _ count: Int) -> StarlarkError {
    let most = function.code.parameters.positionalCount
    return StarlarkError(
      "function \(function.name) accepts \(most == 0 ? "no" : "at most \(most)") positional argument"
        + "\(most == 1 ? "" : "s") (\(count) given)")
  }

  @inline(never)
  private static func missingArguments(
    _ function: StarlarkFunction, _ slots: UnsafeMutablePointer<Value>
  ) -> StarlarkError {
    let names = function.code.parameters.names
    let missing = names.indices.filter { slots[$0].isUnbound }.map { names[$0] }
    return StarlarkError(
      "function \(function.name) missing \(missing.count) argument\(missing.count == 1 ? "" : "s") "
        + "(\(missing.joined(separator: ", ")))")
  }
}

extension Value {
  var isUnbound: Bool {
    if case .unbound = self { return true }
    return false
  }
}

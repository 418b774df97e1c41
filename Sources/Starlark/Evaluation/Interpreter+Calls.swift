import StarlarkSyntax

extension Interpreter {
  /// Calls a value with arguments that lie on the operand stack.
  static func call(
    _ callee: Value, receiver: Value, _ arguments: UnsafeMutablePointer<Value>, _ shape: CallShape,
    _ thread: StarlarkThread
  ) throws -> Value {
    if case .function(let function) = callee, !shape.hasStar, !shape.hasStarStar, shape.names.isEmpty {
      let parameters = function.code.parameters
      if parameters.names.count == shape.positional, parameters.positionalCount == shape.positional,
        !parameters.hasStar, !parameters.hasStarStar
      {
        // The common case: nothing to match up.
        return try invoke(function, thread) { slots in slots.initialize(from: arguments, count: shape.positional) }
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
    if shape.hasStarStar {
      guard case .dict(let dict) = next.pointee else {
        throw StarlarkError("argument after ** must be a mapping, not \(next.pointee.typeName)")
      }
      try thread.meter.step(dict.count)
      try thread.meter.allocate(dict.count, times: 48)
      let explicit = Set(named.map(\.name))
      for (key, value) in dict.items {
        guard let name = key.asString else {
          throw StarlarkError("keywords must be strings, not \(key.typeName)")
        }
        if explicit.contains(name) {
          throw StarlarkError("\(functionName(callee)) got multiple values for parameter \"\(name)\"")
        }
        named.append(NamedArgument(name: name, value: value))
      }
    }
    return try call(callee, receiver: receiver, positional, named, thread)
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
      return try invoke(function, thread) { try bind(function, positional, named, into: $0, thread) }
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

  /// Matches arguments with parameters.
  private static func bind(
    _ function: StarlarkFunction, _ positional: [Value], _ named: [NamedArgument],
    into slots: UnsafeMutablePointer<Value>, _ thread: StarlarkThread
  ) throws {
    let parameters = function.code.parameters
    let name = function.name
    var values = [Value](repeating: .unbound, count: parameters.slotCount)
    let direct = min(positional.count, parameters.positionalCount)
    for position in 0..<direct { values[position] = positional[position] }
    var nextSlot = parameters.names.count
    if parameters.hasStar {
      values[nextSlot] = .tuple(Array(positional[direct...]))
      nextSlot += 1
    } else if positional.count > parameters.positionalCount {
      throw StarlarkError(
        "function \(name) accepts \(parameters.positionalCount == 0 ? "no" : "at most \(parameters.positionalCount)") "
          + "positional argument\(parameters.positionalCount == 1 ? "" : "s") (\(positional.count) given)")
    }
    let extra = parameters.hasStarStar ? StarlarkDict() : nil
    for argument in named {
      if let position = parameters.names.firstIndex(of: argument.name) {
        guard case .unbound = values[position] else {
          throw StarlarkError("function \(name) got multiple values for parameter \"\(argument.name)\"")
        }
        values[position] = argument.value
      } else if let extra {
        let key = StarlarkString(argument.name)
        try extra.table.insert(.string(key), hash: hashBytes(key.utf8), argument.value, meter: thread.meter)
      } else {
        throw StarlarkError(
          "function \(name) got an unexpected keyword argument \"\(argument.name)\"",
          hint: Suggestion.hint(for: argument.name, among: parameters.names))
      }
    }
    let firstDefault = parameters.names.count - parameters.defaultCount
    var missing: [String] = []
    for position in parameters.names.indices {
      guard case .unbound = values[position] else { continue }
      if position >= firstDefault, case let value = function.defaults[position - firstDefault], !value.isUnbound {
        values[position] = value
      } else {
        missing.append(parameters.names[position])
      }
    }
    if !missing.isEmpty {
      throw StarlarkError(
        "function \(name) missing \(missing.count) argument\(missing.count == 1 ? "" : "s") "
          + "(\(missing.joined(separator: ", ")))")
    }
    if let extra { values[nextSlot] = .dict(extra) }
    slots.initialize(from: values, count: values.count)
  }
}

extension Value {
  var isUnbound: Bool {
    if case .unbound = self { return true }
    return false
  }
}

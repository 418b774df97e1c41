public import StarlarkSyntax

/// An argument passed by name.
public struct NamedArgument: Sendable {
  /// The name before `=`.
  public let name: String
  /// The value.
  public let value: Value

  /// An argument passed by name.
  public init(name: String, value: Value) {
    self.name = name
    self.value = value
  }
}

/// One call of a host function: its arguments and its location.
public struct Call {
  /// The name of the function called, for messages.
  public let name: String
  /// The object before the dot, when a method is called.
  public let receiver: Value?
  /// The arguments passed by position, `*args` included.
  public var positional: [Value]
  /// The arguments passed by name, `**kwargs` included, in order, without duplicates.
  public var named: [NamedArgument]
  /// The evaluation that the call belongs to.
  public let thread: StarlarkThread

  /// The location of the call expression (its opening parenthesis is at or after it) in the innermost Starlark frame.
  public var location: StarlarkLocation? { thread.currentLocation }

  /// The active Starlark functions, outermost first, each with the place it has reached.
  public var callStack: [StarlarkError.Frame] { thread.callStack }

  /// The value passed by this name.
  public func named(_ name: String) -> Value? {
    for argument in named where argument.name == name { return argument.value }
    return nil
  }

  /// The arguments of a function with these parameters, in their order; nil for those not passed.
  ///
  /// The first `required` must be passed. Throws for missing, unknown, doubled and too many arguments.
  public func bind(_ parameters: [String], required: Int = 0) throws -> [Value?] {
    if positional.count > parameters.count {
      throw StarlarkError("\(name): got \(positional.count) arguments, want at most \(parameters.count)")
    }
    var bound: [Value?] = []
    bound.reserveCapacity(parameters.count)
    for value in positional { bound.append(value) }
    bound.append(contentsOf: repeatElement(nil, count: parameters.count - positional.count))
    for argument in named {
      guard let position = parameters.firstIndex(of: argument.name) else {
        throw StarlarkError(
          "\(name): unexpected keyword argument \"\(argument.name)\"",
          hint: Suggestion.hint(for: argument.name, among: parameters))
      }
      guard bound[position] == nil else {
        throw StarlarkError("\(name): got multiple values for parameter \"\(argument.name)\"")
      }
      bound[position] = argument.value
    }
    for position in 0..<required where bound[position] == nil {
      throw StarlarkError("\(name): missing argument for \(parameters[position])")
    }
    return bound
  }

  /// Throws when anything was passed by name.
  public func rejectNamed() throws {
    if !named.isEmpty { throw StarlarkError("\(name): unexpected keyword arguments") }
  }

  /// The host state of the thread, when it is a `T`.
  public func context<T>(_ type: T.Type = T.self) -> T? {
    // Unwrapped first: optimised, a cast of nil to a class reads through a null pointer (Swift 6.3.1).
    guard let context = thread.context else { return nil }
    return context as? T
  }

  /// "got int, want string" for the argument of this name.
  public func mismatch(_ parameter: String, _ value: Value, want: String) -> StarlarkError {
    StarlarkError("\(name): for parameter \(parameter): got \(value.typeName), want \(want)")
  }
}

public import StarlarkSyntax

/// One evaluation: its budgets, its active calls and its connections to the host. Used by one thread at a time.
public final class StarlarkThread {
  /// The budgets.
  public let limits: Limits
  /// The effect of `print`; none by default. The location is the location of the call.
  public var print: (String, StarlarkLocation?) -> Void = { _, _ in }
  /// The effect of `load`: returns the module of a name. Without it, `load` is an error.
  public var load: ((_ module: String, _ location: StarlarkLocation) throws -> StarlarkModule)?
  /// Asked for names that are defined nowhere, in dialects with late names.
  public var undefinedName: ((_ name: String, _ location: StarlarkLocation) throws -> Value?)?
  /// State of the host that its functions reach through `Call.context(_:)`.
  public var context: AnyObject?

  let meter: Meter
  // Used by one thread at a time, and no access spans a call: run-time exclusivity checks would find nothing.
  @exclusivity(unchecked) var frames: [Frame] = []
  @exclusivity(unchecked) var iterators: [IteratorState] = []

  /// A new evaluation.
  public init(limits: Limits = .standard, context: AnyObject? = nil) {
    self.limits = limits
    self.context = context
    meter = Meter(limits)
  }

  /// The steps taken so far.
  public var steps: Int { meter.steps }

  /// The bytes allocated so far, estimated.
  public var allocatedBytes: Int { meter.allocatedBytes }

  /// Charges `bytes` to the memory budget, for values that the host creates; throws if the budget is exhausted.
  public func allocate(_ bytes: Int) throws { try meter.allocate(bytes) }

  /// Evaluates a file and freezes its globals. Throws `StarlarkError`.
  ///
  /// `environment` replaces the values of the predeclared names; a name that it lacks is an error.
  public func execute(_ program: Program, environment: Environment? = nil) throws -> StarlarkModule {
    let values = try program.predeclaredNames.map { name in
      guard let value = (environment ?? program.environment).lookUp(name) else {
        throw StarlarkError("undefined: \(name)", kind: .name)
      }
      return value
    }
    let state = ModuleState(program: program, predeclared: values)
    let function = StarlarkFunction(code: program.code, module: state, defaults: [], captured: [])
    _ = try call(.function(function))
    var globals: [(name: String, value: Value)] = []
    globals.reserveCapacity(state.globals.count)
    for (position, name) in program.globalNames.enumerated() {
      let value = state.globals[position]
      value.freeze()
      if case .unbound = value { continue }
      if program.exportedGlobals[position] { globals.append((name, value)) }
    }
    for (name, value) in state.late.sorted(by: { $0.key < $1.key }) {
      value.freeze()
      globals.append((name, value))
    }
    return StarlarkModule(name: program.source.name, globals: globals)
  }

  /// Calls a function with these arguments. Throws `StarlarkError`.
  public func call(_ function: Value, _ positional: [Value] = [], named: [NamedArgument] = []) throws -> Value {
    try Evaluator.call(function, positional, named, self)
  }

  /// Defines a global of the file being evaluated, for dialects with late names, such as in an `include`.
  ///
  /// The file is the one whose top level runs, even if a function that it loaded makes the call: that function's own
  /// module is frozen, and other threads can be using it.
  public func define(_ name: String, _ value: Value) throws {
    let file = frames.last { $0.function.code === $0.function.module.program.code }
    guard let module = file?.function.module else { throw StarlarkError("no file is being evaluated") }
    if let position = module.program.globalNames.firstIndex(of: name) {
      module.globals[position] = value
    } else {
      module.late[name] = value
    }
  }

  /// The current location of the innermost Starlark function.
  public var currentLocation: StarlarkLocation? { frames.last?.location }

  /// The active Starlark functions, outermost first, each with the place it has reached.
  public var callStack: [StarlarkError.Frame] {
    frames.map { StarlarkError.Frame(function: $0.function.name, location: $0.location) }
  }

  /// The result of `str(value)`, within the thread's budgets.
  public func string(of value: Value) throws -> String { try Printer.text(value, meter) }

  /// The result of `repr(value)`, within the thread's budgets.
  public func representation(of value: Value) throws -> String { try Printer.representation(value, meter) }

  /// Whether two values are equal, within the thread's budgets.
  public func isEqual(_ left: Value, _ right: Value) throws -> Bool { try areEqual(left, right, meter) }
}

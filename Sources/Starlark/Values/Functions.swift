public import StarlarkSyntax

/// A variable shared between a function and the functions defined in it.
///
/// `@unchecked Sendable`: written only by the thread that evaluates the module, before it is frozen.
final class Cell: @unchecked Sendable {
  @exclusivity(unchecked) var value: Value

  init(_ value: Value) { self.value = value }

  deinit {
    var values = [value]
    value = .none
    Teardown.release(&values)
  }
}

/// A function written in Starlark.
///
/// `@unchecked Sendable`: immutable but for `isFrozen`, which the owning thread sets before it shares the function, and `deinit`.
public final class StarlarkFunction: @unchecked Sendable {
  let code: Code
  let module: ModuleState
  /// The values of the parameters that have one, `.unbound` for required ones after the first optional one.
  private(set) var defaults: [Value]
  let captured: [Cell]
  private var isFrozen = false

  init(code: Code, module: ModuleState, defaults: [Value], captured: [Cell]) {
    self.code = code
    self.module = module
    self.defaults = defaults
    self.captured = captured
  }

  deinit { Teardown.release(&defaults) }

  /// The name it was defined by; `lambda` for a lambda.
  public var name: String { code.name }

  /// The location of the definition.
  public var location: StarlarkLocation { code.location }

  /// The names of its parameters, without `*args` and `**kwargs`.
  public var parameterNames: [String] { code.parameters.names }

  func freezeOnce() -> Bool {
    if isFrozen { return false }
    isFrozen = true
    return true
  }

  /// The values that freezing the function freezes too: defaults, captured variables and its module's globals.
  var heldValues: [Value] { defaults + captured.map(\.value) + module.globals }
}

/// A function or method that is not written in Starlark.
public final class StarlarkBuiltin: Sendable {
  /// The name, as printed and used in messages.
  public let name: String
  /// The object whose method this is.
  public let receiver: Value?
  let body: @Sendable (Call) throws -> Value

  /// A function of the host.
  public init(name: String, body: @escaping @Sendable (Call) throws -> Value) {
    self.name = name
    self.body = body
    receiver = nil
  }

  init(name: String, receiver: Value, body: @escaping @Sendable (Call) throws -> Value) {
    self.name = name
    self.body = body
    self.receiver = receiver
  }
}

public import StarlarkSyntax

/// A value of the host that Starlark code can hold, pass around and use through the operations it supports.
///
/// Every requirement but `typeName` has a default that means "not supported". Threads can share frozen host objects, so
/// a conforming class is either immutable or guards its state.
public protocol StarlarkHostObject: AnyObject, Sendable {
  /// The result of `type(x)`.
  var typeName: String { get }
  /// The result of `bool(x)`.
  var isTruthy: Bool { get }
  /// The result of `str(x)` and `repr(x)`.
  var representation: String { get }
  /// The value of `x.name`; nil if the attribute does not exist.
  func attribute(_ name: String) throws -> Value?
  /// The value of `x.name` in an evaluation, for objects whose attributes depend on it; ``attribute(_:)`` by default.
  func attribute(_ name: String, in thread: StarlarkThread) throws -> Value?
  /// The names that `dir(x)` lists and "did you mean" chooses from.
  var attributeNames: [String] { get }
  /// Carries out `x.name = value`; false when fields cannot be assigned.
  func setAttribute(_ name: String, to value: Value) throws -> Bool
  /// The value of `x[key]`; nil when the type has no such operation.
  func element(at key: Value) throws -> Value?
  /// Carries out `x[key] = value`; false when the type has no such operation.
  func setElement(at key: Value, to value: Value) throws -> Bool
  /// The elements of an iteration; nil if the value is not iterable.
  func elements() -> [Value]?
  /// The arguments of `f(**x)`; nil if the value is not a mapping.
  func items() throws -> [(key: Value, value: Value)]?
  /// The result of `key in x`; nil if the type has no such operation.
  func contains(_ key: Value) throws -> Bool?
  /// The result of `len(x)`; nil if the type has no length.
  var count: Int? { get }
  /// Whether `x(...)` is possible.
  var isCallable: Bool { get }
  /// Carries out `x(...)`; called only when `isCallable`.
  func call(_ call: Call) throws -> Value
  /// The value of `x op other`, or of `other op x` when `reversed`; nil when not supported.
  func binary(_ operation: BinaryOperator, _ other: Value, reversed: Bool) throws -> Value?
  /// The answer to `x == other`, asked only for host objects; identity by default.
  func isEqual(to other: any StarlarkHostObject) -> Bool
  /// A hash consistent with `isEqual`; nil when the value cannot be a dictionary key. Identity by default.
  var hash: Int? { get }
  /// Makes the object, and the values it holds, immutable.
  func freeze()
}

extension StarlarkHostObject {
  /// True.
  public var isTruthy: Bool { true }
  /// `<type>`.
  public var representation: String { "<\(typeName)>" }
  /// No attributes.
  public func attribute(_ name: String) throws -> Value? { nil }
  /// The same in every evaluation.
  public func attribute(_ name: String, in thread: StarlarkThread) throws -> Value? { try attribute(name) }
  /// No attributes.
  public var attributeNames: [String] { [] }
  /// Not supported.
  public func setAttribute(_ name: String, to value: Value) throws -> Bool { false }
  /// Not supported.
  public func element(at key: Value) throws -> Value? { nil }
  /// Not supported.
  public func setElement(at key: Value, to value: Value) throws -> Bool { false }
  /// Not iterable.
  public func elements() -> [Value]? { nil }
  /// No mapping.
  public func items() throws -> [(key: Value, value: Value)]? { nil }
  /// Not supported.
  public func contains(_ key: Value) throws -> Bool? { nil }
  /// None.
  public var count: Int? { nil }
  /// Not callable.
  public var isCallable: Bool { false }
  /// Not callable.
  public func call(_ call: Call) throws -> Value { throw StarlarkError("\(typeName) is not callable") }
  /// Not supported.
  public func binary(_ operation: BinaryOperator, _ other: Value, reversed: Bool) throws -> Value? { nil }
  /// Identity.
  public func isEqual(to other: any StarlarkHostObject) -> Bool { self === other }
  /// Identity.
  public var hash: Int? { ObjectIdentifier(self).hashValue }
  /// Nothing to do.
  public func freeze() {}
}

/// Carries a host object in a `Value`, so that a value stays two words long.
///
/// `@unchecked Sendable`: never changed after `init`, but by `deinit`.
public final class HostReference: @unchecked Sendable {
  /// The host's object.
  public private(set) var object: any StarlarkHostObject

  init(_ object: any StarlarkHostObject) { self.object = object }

  deinit { Teardown.release(&object) }
}

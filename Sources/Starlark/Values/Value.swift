import StarlarkSyntax

/// A Starlark value.
///
/// `@unchecked Sendable`: a list, dictionary, set or function belongs to the one thread that evaluates its module until
/// it is frozen. Freezing writes a flag before the value is passed on, and nothing writes to a frozen value, not even
/// iteration counts. Every other payload is immutable. Pass a value to another thread only after `freeze()`.
public enum Value: @unchecked Sendable {
  /// `None`.
  case none
  /// `True` or `False`; not a number.
  case bool(Bool)
  /// An integer that fits 64 bits; greater ones are `bigInt`, never both.
  case int(Int)
  /// An integer outside of `Int`.
  case bigInt(BigInteger)
  /// A floating-point number.
  case float(Double)
  /// A string, counted in UTF-8 bytes.
  case string(StarlarkString)
  /// A byte string.
  case bytes(StarlarkBytes)
  /// A list.
  case list(StarlarkList)
  /// A tuple.
  case tuple(StarlarkTuple)
  /// A dictionary in insertion order.
  case dict(StarlarkDict)
  /// A set in insertion order.
  case set(StarlarkSet)
  /// `range(...)`.
  case range(StarlarkRange)
  /// The result of `"…".elems()`, `b"…".elems()` and their kind.
  case elements(StringElements)
  /// A `def` or `lambda`.
  case function(StarlarkFunction)
  /// A function or method that is not written in Starlark.
  case builtin(StarlarkBuiltin)
  /// An object of the host.
  case opaque(HostReference)
  /// A variable that has no value yet; never reaches the host.
  case unbound

  /// A string.
  public static func string(_ text: String) -> Value { .string(StarlarkString(text)) }

  /// A new, mutable list.
  public static func list(_ elements: [Value]) -> Value { .list(StarlarkList(elements)) }

  /// A tuple.
  public static func tuple(_ elements: [Value]) -> Value { .tuple(StarlarkTuple(elements)) }

  /// An object of the host.
  public static func host(_ object: any StarlarkHostObject) -> Value { .opaque(HostReference(object)) }

  /// A function of the host. `body` can throw `StarlarkError`, or any error, which becomes the `cause` of a
  /// `StarlarkError`.
  public static func builtin(_ name: String, _ body: @escaping @Sendable (Call) throws -> Value) -> Value {
    .builtin(StarlarkBuiltin(name: name, body: body))
  }
}

extension Value {
  /// The result of `type(x)`.
  public var typeName: String {
    switch self {
    case .none: "NoneType"
    case .bool: "bool"
    case .int, .bigInt: "int"
    case .float: "float"
    case .string: "string"
    case .bytes: "bytes"
    case .list: "list"
    case .tuple: "tuple"
    case .dict: "dict"
    case .set: "set"
    case .range: "range"
    case .elements(let view): view.typeName
    case .function: "function"
    case .builtin: "builtin_function_or_method"
    case .opaque(let reference): reference.object.typeName
    case .unbound: "unbound"
    }
  }

  /// The result of `bool(x)`.
  public var isTruthy: Bool {
    switch self {
    case .none, .unbound: false
    case .bool(let value): value
    case .int(let value): value != 0
    case .bigInt: true
    case .float(let value): value != 0
    case .string(let value): !value.utf8.isEmpty
    case .bytes(let value): !value.bytes.isEmpty
    case .list(let list): list.count != 0
    case .tuple(let tuple): tuple.count != 0
    case .dict(let dict): dict.count != 0
    case .set(let set): set.count != 0
    case .range(let range): range.count != 0
    case .elements(let view): view.count != 0
    case .function, .builtin: true
    case .opaque(let reference): reference.object.isTruthy
    }
  }

  /// Whether the value is `None`.
  public var isNone: Bool {
    if case .none = self { return true }
    return false
  }

  /// The text of a string; bytes that are not UTF-8 become U+FFFD.
  public var asString: String? {
    if case .string(let value) = self { return value.text }
    return nil
  }

  /// The value of an `int` that fits 64 bits.
  public var asInt: Int? {
    if case .int(let value) = self { return value }
    return nil
  }

  /// The value of a `bool`.
  public var asBool: Bool? {
    if case .bool(let value) = self { return value }
    return nil
  }

  /// The value of a `float` or `int`.
  public var asDouble: Double? {
    switch self {
    case .float(let value): value
    case .int(let value): Double(value)
    case .bigInt(let value): value.doubleValue
    default: nil
    }
  }

  /// The elements of a list or tuple.
  public var asElements: [Value]? {
    switch self {
    case .list(let list): list.elements
    case .tuple(let tuple): tuple.elements
    default: nil
    }
  }

  /// The elements of an iteration over the value (keys for a dictionary); nil if the value is not iterable.
  ///
  /// A range is expanded, so check its `count` first if it comes from untrusted code.
  public var iterated: [Value]? {
    switch self {
    case .list(let list): list.elements
    case .tuple(let tuple): tuple.elements
    case .dict(let dict): dict.keys
    case .set(let set): set.elements
    case .range(let range): (0..<range.count).map { .int(range[$0]) }
    case .elements(let view): (0..<view.count).map { view[$0] }
    case .opaque(let reference): reference.object.elements()
    default: nil
    }
  }

  /// The entries of a dictionary, in order.
  public var asItems: [(key: Value, value: Value)]? {
    if case .dict(let dict) = self { return dict.items }
    return nil
  }

  /// The host object, when it is a `T`.
  public func asHost<T>(_ type: T.Type = T.self) -> T? {
    if case .opaque(let reference) = self { return reference.object as? T }
    return nil
  }

  /// Whether the value can be called.
  public var isCallable: Bool {
    switch self {
    case .function, .builtin: true
    case .opaque(let reference): reference.object.isCallable
    default: false
    }
  }

  /// Makes the value and everything that it refers to immutable. Threads can share it afterward.
  public func freeze() {
    var pending = [self]
    while let value = pending.popLast() {
      switch value {
      case .list(let list):
        if list.freezeOnce() { pending += list.elements.filter(\.holdsValues) }
      case .dict(let dict):
        if dict.freezeOnce() {
          for (key, value) in dict.items {
            pending.append(key)
            pending.append(value)
          }
        }
      case .set(let set):
        if set.freezeOnce() { pending += set.elements }
      case .tuple(let tuple):
        if tuple.freezeOnce() { pending += tuple.elements.filter(\.holdsValues) }
      case .function(let function):
        if function.freezeOnce() { pending += function.heldValues }
      case .builtin(let builtin):
        if let receiver = builtin.receiver { pending.append(receiver) }
      case .opaque(let reference):
        reference.object.freeze()
      default:
        break
      }
    }
  }

  /// Whether the value refers to others, which freezing and releasing must handle.
  var holdsValues: Bool {
    switch self {
    case .list, .tuple, .dict, .set, .function, .builtin, .opaque: true
    default: false
    }
  }
}

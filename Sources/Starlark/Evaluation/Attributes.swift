import StarlarkSyntax

/// An attribute name, looked up once for all built-in types when the code is compiled.
struct AttributeName: Sendable {
  let name: String
  private let string: StarlarkBuiltin?
  private let bytes: StarlarkBuiltin?
  private let list: StarlarkBuiltin?
  private let dict: StarlarkBuiltin?
  private let set: StarlarkBuiltin?

  init(_ name: String) {
    self.name = name
    string = StringMethods.table[name]
    bytes = BytesMethods.table[name]
    list = ListMethods.table[name]
    dict = DictMethods.table[name]
    set = SetMethods.table[name]
  }

  /// The method of this name, still without receiver, when the value is of a built-in type that has it.
  @inline(__always)
  func method(for receiver: Value) -> StarlarkBuiltin? {
    switch receiver {
    case .string: string
    case .bytes: bytes
    case .list: list
    case .dict: dict
    case .set: set
    default: nil
    }
  }
}

/// `x.name`.
enum Attributes {
  static func find(_ target: Value, _ attribute: AttributeName, _ thread: StarlarkThread) throws -> Value? {
    if case .opaque(let reference) = target { return try reference.object.attribute(attribute.name, in: thread) }
    guard let method = attribute.method(for: target) else { return nil }
    return .builtin(StarlarkBuiltin(name: method.name, receiver: target, body: method.body))
  }

  static func value(of target: Value, _ attribute: AttributeName, _ thread: StarlarkThread) throws -> Value {
    if let value = try find(target, attribute, thread) { return value }
    throw StarlarkError(
      "\(target.typeName) has no .\(attribute.name) field or method",
      hint: Suggestion.hint(for: attribute.name, among: names(of: target)))
  }

  static func set(_ target: Value, _ attribute: AttributeName, to value: Value) throws {
    if case .opaque(let reference) = target {
      if try reference.object.setAttribute(attribute.name, to: value) { return }
    }
    throw StarlarkError("can't assign to .\(attribute.name) field of \(target.typeName)")
  }

  /// The names of a value's attributes, sorted.
  static func names(of target: Value) -> [String] {
    switch target {
    case .string: StringMethods.table.keys.sorted()
    case .bytes: BytesMethods.table.keys.sorted()
    case .list: ListMethods.table.keys.sorted()
    case .dict: DictMethods.table.keys.sorted()
    case .set: SetMethods.table.keys.sorted()
    case .opaque(let reference): reference.object.attributeNames.sorted()
    default: []
    }
  }
}

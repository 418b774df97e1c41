import Starlark

/// A value of one of Pystachio's types: the result of `String("x")`, or of `job.name()`.
///
/// Its text equals Python's; `.get()` is the value itself.
final class TypedValue: StarlarkHostObject {
  let kind: ObjectKind
  /// Accepted by the kind.
  let value: Value

  init(_ kind: ObjectKind, _ value: Value) {
    self.kind = kind
    self.value = value
  }

  /// The value of a field in its scope: variables are replaced where they are known. An object stays one, with the scope
  /// bound to it.
  static func bound(_ value: Value, _ kind: ObjectKind?, in scope: ScopeChain) -> Value {
    if let object: TemplateObject = value.asHost() {
      let outer = scope.levels.reversed().flatMap { level in
        (level.object.map { [.scope($0)] } ?? []) + level.bindings
      }
      return .host(object.copy(bindings: object.bindings + outer))
    }
    if let elements = value.asElements {
      var inner: ObjectKind?
      if case .list(let kind)? = kind { inner = kind }
      return .host(TypedValue(kind ?? .any, .list(elements.map { bound($0, inner, in: scope) })))
    }
    if let items = value.asItems {
      var inner: ObjectKind?
      if case .map(_, let kind)? = kind { inner = kind }
      let entries = items.map { ($0.key.asString ?? "", bound($0.value, inner, in: scope)) }
      return .host(TypedValue(kind ?? .any, .dict(StarlarkDict(entries))))
    }
    var interpolation = Interpolation(scope)
    var result = value
    if let text = value.asString { result = .string(interpolation.bind(text)) }
    return .host(TypedValue(kind ?? .string, result))
  }

  /// The value without types: a text, a number, a list, a dictionary.
  static func plain(_ value: Value) -> Value {
    if let typed: TypedValue = value.asHost() { return typed.content }
    if let object: TemplateObject = value.asHost() { return object.plain }
    if let elements = value.asElements { return .tuple(StarlarkTuple(elements.map(plain))) }
    if let items = value.asItems {
      return .dict(StarlarkDict(items.map { ($0.key.asString ?? "", plain($0.value)) }))
    }
    return value
  }

  private var content: Value {
    if value.asElements != nil || value.asItems != nil { return Self.plain(value) }
    guard let text = PythonText.of(value, as: kind) else { return value }
    switch kind {
    case .integer, .size: return Int(text).map { .int($0) } ?? value
    case .number: return Double(text).map { .float($0) } ?? value
    case .boolean: return PythonText.boolean(text).map { .bool($0) } ?? value
    default: return .string(text)
    }
  }

  var typeName: String { kind.typeName }

  var isTruthy: Bool { true }

  var representation: String {
    PythonText.of(value, as: kind) ?? "\(kind.typeName)(\(value.asElements?.count ?? value.asItems?.count ?? 0))"
  }

  func attribute(_ name: String) throws -> Value? {
    switch name {
    case "get": .builtin("get") { [self] _ in content }
    case "bind":
      .builtin("bind") { [self] call in
        Self.bound(
          value, kind, in: ScopeChain([ScopeChain.Level(object: nil, bindings: try TemplateObject.frames(of: call))]))
      }
    default: nil
    }
  }

  var attributeNames: [String] { ["get", "bind"] }

  func element(at key: Value) throws -> Value? {
    if let elements = value.asElements, let index = key.asInt {
      let position = index < 0 ? index + elements.count : index
      guard elements.indices.contains(position) else { throw StarlarkError("index \(index) is out of range") }
      return elements[position]
    }
    if let items = value.asItems {
      let wanted = (key.asHost() as TypedValue?)?.representation ?? PythonText.of(key)
      guard let found = items.first(where: { $0.key.asString == wanted }) else {
        throw StarlarkError("the map has no \"\(wanted ?? "")\"")
      }
      return found.value
    }
    return nil
  }

  func elements() -> [Value]? { value.asElements ?? value.asItems.map { $0.map(\.key) } }

  func contains(_ key: Value) throws -> Bool? {
    let wanted = (key.asHost() as TypedValue?)?.representation ?? PythonText.of(key)
    return elements()?.contains { ($0.asHost() as TypedValue?)?.representation ?? PythonText.of($0) == wanted }
  }

  var count: Int? { value.asElements?.count ?? value.asItems?.count }

  func isEqual(to other: any StarlarkHostObject) -> Bool {
    guard let other = other as? TypedValue else { return false }
    return typeName == other.typeName && representation == other.representation && count == nil
  }

  var hash: Int? { representation.hashValue }

  func freeze() { value.freeze() }
}

/// Pystachio's `Empty`: a field that is not given.
final class EmptyValue: StarlarkHostObject {
  static let value = Value.host(EmptyValue())

  static func isEmpty(_ value: Value) -> Bool { value.asHost(EmptyValue.self) != nil }

  var typeName: String { "Empty" }
  var isTruthy: Bool { true }
  var representation: String { "Empty" }

  func isEqual(to other: any StarlarkHostObject) -> Bool { other is EmptyValue }

  var hash: Int? { 0 }
}

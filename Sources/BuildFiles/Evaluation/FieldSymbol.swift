internal import Starlark

/// A field of a target type in a BUILD file: `python_tests.timeout.default` is the value of the field here if it is not
/// given.
final class FieldSymbol: StarlarkHostObject {
  private let symbol: TargetTypeSymbol
  private let name: String

  init(_ symbol: TargetTypeSymbol, name: String) {
    self.symbol = symbol
    self.name = name
  }

  var typeName: String { "field" }
  var representation: String { "\(symbol.name).\(name)" }
  var attributeNames: [String] { ["default"] }

  func attribute(_ name: String, in thread: StarlarkThread) throws -> Value? {
    guard name == "default" else { return nil }
    guard let state = thread.context as? BuildDirectoryEvaluation else {
      throw StarlarkError(
        "\(representation).default depends on the directory, so it can be read in BUILD files only",
        hint: "in a macro, read it inside the function")
    }
    return try state.defaultValue(of: self.name, symbol)
  }
}

extension BuildDirectoryEvaluation {
  /// The value of a field of a target declared now, if the field is not given (Pants:
  /// `Registrar._field_default_factory`).
  ///
  /// - Throws: an error that ends the evaluation, if the values of directories above are not known yet: see
  ///   ``awaitsInherited``.
  func defaultValue(of field: String, _ symbol: TargetTypeSymbol) throws -> Value {
    guard let inherited else {
      awaitsInherited = true
      throw StarlarkError("the defaults of the directories above are not known yet")
    }
    let key = FieldDefaults.key(of: symbol.type, symbol.name)
    for call in defaults.reversed() {
      guard let given = call[key] else { continue }
      if let found = given.last(where: { $0.name == field }) { return try Value(found.value, isFrozen: false) }
      if !call.extends { return try Value(Self.builtIn(field, symbol), isFrozen: true) }
    }
    let found = inherited[key].last { $0.name == field }
    return try Value(found?.value ?? Self.builtIn(field, symbol), isFrozen: true)
  }

  private static func builtIn(_ field: String, _ symbol: TargetTypeSymbol) -> FieldValue {
    symbol.type.field(named: field)?.defaultValue ?? .none
  }
}

extension Value {
  /// The Starlark value of a field's value.
  ///
  /// - Parameter isFrozen: whether lists become tuples: Pants returns lists only if the BUILD file has set them itself.
  init(_ value: FieldValue, isFrozen: Bool) throws {
    switch value {
    case .none: self = .none
    case .bool(let value): self = .bool(value)
    case .int(let value): self = .int(Int(value))
    case .double(let value): self = .float(value)
    case .string(let text): self = .string(text)
    case .list(let values):
      let elements = try values.map { try Value($0, isFrozen: isFrozen) }
      self = isFrozen ? .tuple(elements) : .list(elements)
    case .map(let entries):
      let dict = StarlarkDict()
      for entry in entries {
        // A list cannot be a key: it was a tuple.
        try dict.set(try Value(entry.key, isFrozen: true), try Value(entry.value, isFrozen: isFrozen))
      }
      self = .dict(dict)
    case .object(let name, _): self = .host(FieldObject(typeName: name, value: value))
    case .alternatives, .group: self = .host(FieldObject(typeName: "parametrize", value: value))
    }
  }
}

internal import Starlark

/// Values that a `pants.toml` writes as strings. Options of Pants can also be given on the command line and in
/// variables, and each of their forms can be in the file.
extension ConfigurationFile.Value {
  /// The list or dictionary that a string represents: `"['a']"`, `"{'a': ['b']}"`, with a leading `+` or `-` for
  /// additions and removals. Nil for any other text.
  init?(pantsLiteral text: String) {
    var literal = text.drop(while: \.isWhitespace)
    var change: String?
    if let sign = literal.first, sign == "+" || sign == "-" {
      change = sign == "+" ? "add" : "remove"
      literal = literal.dropFirst()
    }
    guard let first = literal.first, first == "[" || first == "{" || first == "(" else { return nil }
    let source = "value = (\n" + literal + "\n)"
    // A text that is not a literal is an ordinary text; the reader of the key knows the accepted values.
    guard
      let program = try? Program(text: source, file: "literal", dialect: .buildFile, environment: Environment([:])),
      let module = try? StarlarkThread().execute(program), let value = module["value"].map({ Self(value: $0) }),
      let value
    else { return nil }
    self = change.map { .table([$0: value]) } ?? value
  }

  private init?(value: Starlark.Value) {
    if let text = value.asString {
      self = .string(text)
    } else if let flag = value.asBool {
      self = .bool(flag)
    } else if let number = value.asInt {
      self = .int(number)
    } else if let items = value.asItems {
      var table: [String: Self] = [:]
      for (key, value) in items {
        guard let name = key.asString, let value = Self(value: value) else { return nil }
        table[name] = value
      }
      self = .table(table)
    } else if let elements = value.asElements {
      let values = elements.compactMap { Self(value: $0) }
      guard values.count == elements.count else { return nil }
      self = .array(values)
    } else {
      return nil
    }
  }
}

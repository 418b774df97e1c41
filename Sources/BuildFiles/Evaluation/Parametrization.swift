internal import Starlark

/// The result of `parametrize`: the alternatives of one field, or, after `**`, a group of fields.
///
/// Only its use shows which of the two it is, so both are created lazily and report errors there.
final class Parametrization: StarlarkHostObject {
  private let positional: [FieldValue]
  private let named: [FieldValue.Entry]

  init(_ call: Call) throws {
    func value(_ value: Value) throws -> FieldValue {
      if let inner = value.asHost(Parametrization.self) { return try inner.alternatives() }
      guard let result = try FieldValue(value) else {
        throw StarlarkError("parametrize: no field can be \(value.typeName)")
      }
      return result
    }
    positional = try call.positional.map(value)
    named = try call.named.map { argument in
      if let group = argument.value.asHost(ParametrizationGroup.self) {
        return .init(key: .string(argument.name), value: group.value)
      }
      return .init(key: .string(argument.name), value: try value(argument.value))
    }
    guard !positional.isEmpty || !named.isEmpty else { throw StarlarkError("parametrize needs at least one value") }
  }

  var typeName: String { "parametrize" }
  var representation: String {
    "parametrize("
      + (positional.map(\.source) + named.map { "\($0.key.string ?? "")=\($0.value.source)" }).joined(separator: ", ")
      + ")"
  }

  /// The alternatives of one field, by alias.
  func alternatives() throws -> FieldValue {
    var entries: [FieldValue.Entry] = []
    for alternative in positional {
      let alias: String
      switch alternative {
      case .string(let text): alias = text
      case .none, .bool, .int, .double: alias = alternative.source
      default:
        throw StarlarkError(
          "parametrize: \(alternative.kindName) needs an alias", hint: "write parametrize(alias=\(alternative.source))")
      }
      try Self.check(alias, "write parametrize(alias=\(alternative.source))")
      entries.append(.init(key: .string(alias), value: alternative))
    }
    for entry in named {
      if case .group = entry.value {
        throw StarlarkError("parametrize: a group cannot be one field's alternative")
      }
      try Self.check(entry.key.string ?? "", "give the value another name")
      entries.append(entry)
    }
    var seen: Set<FieldValue> = []
    for entry in entries where !seen.insert(entry.key).inserted {
      throw StarlarkError("parametrize: there are two values named \(entry.key.source)")
    }
    return .alternatives(entries)
  }

  /// `**parametrize("name", field=…)`: one argument that represents the whole group.
  func items() throws -> [(key: Value, value: Value)]? {
    guard positional.count == 1, let name = positional[0].string, !name.isEmpty else {
      throw StarlarkError(
        "a group of parameters begins with its name", hint: "write **parametrize(\"name\", field=value, …)")
    }
    try Self.check(name, "give the group another name")
    let group = FieldValue.group(name, named)
    return [(.string("**" + name), .host(ParametrizationGroup(value: group)))]
  }

  private static func check(_ alias: String, _ hint: String) throws {
    guard !alias.isEmpty, !alias.contains(where: { "@=,:/#".contains($0) }) else {
      throw StarlarkError("parametrize: \"\(alias)\" cannot stand in an address", hint: hint)
    }
  }
}

/// A group that `**` has taken from a `parametrize`; it is passed on as a named argument.
final class ParametrizationGroup: StarlarkHostObject {
  let value: FieldValue

  init(value: FieldValue) { self.value = value }

  var typeName: String { "parametrize" }
  var representation: String { value.source }
}

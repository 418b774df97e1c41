import Diagnostics
import Starlark

/// A type as a value: `String`, `List(Process)`, `Job`, or a declared `class`. Calling it creates a value of it.
final class TypeValue: StarlarkHostObject {
  let kind: ObjectKind

  init(_ kind: ObjectKind) { self.kind = kind }

  var typeName: String { "type" }
  var representation: String { kind.typeName }
  var isCallable: Bool { true }

  func call(_ call: Call) throws -> Value {
    if case .object(let type) = kind { return try TemplateObject.make(type, call) }
    try call.rejectNamed()
    guard call.positional.count == 1, let written = call.positional.first else {
      throw StarlarkError("\(kind.typeName): takes one value")
    }
    guard let value = kind.coerced(written, at: call.location) else {
      throw StarlarkError(
        "\(kind.typeName): takes \(kind.description), not \(written.asString.map { "\"\($0)\"" } ?? written.typeName)")
    }
    return .host(TypedValue(kind, value))
  }

  func isEqual(to other: any StarlarkHostObject) -> Bool { other === self }

  // MARK: The names of Pystachio

  /// `String`, `Integer`, `Float`, `Boolean`, `List`, `Map`, `Enum`, `Choice`, `Required`, `Default`, `Empty`, `Struct`,
  /// and the types of Aurora.
  static var names: [String: Value] {
    var names: [String: Value] = [
      "String": .host(TypeValue(.string)), "Integer": .host(TypeValue(.integer)), "Float": .host(TypeValue(.number)),
      "Boolean": .host(TypeValue(.boolean)), "Empty": EmptyValue.value, "Struct": .host(TypeValue(.object(.profile))),
      "List": .builtin("List") { call in
        .host(TypeValue(.list(try kind(call.bind(["type"], required: 1)[0], call))))
      },
      "Map": .builtin("Map") { call in
        let types = try call.bind(["key", "value"], required: 2)
        return .host(TypeValue(.map(try kind(types[0], call), try kind(types[1], call))))
      },
      "Enum": .builtin("Enum", enumeration),
      "Choice": .builtin("Choice") { call in
        guard let types = call.positional.last?.asElements, !types.isEmpty else {
          throw StarlarkError("Choice: takes a list of types")
        }
        return .host(TypeValue(.anyOf(try types.map { try kind($0, call) })))
      },
      "Required": .builtin("Required") { call in
        .host(FieldSignature(try kind(call.bind(["type"], required: 1)[0], call), isRequired: true))
      },
      "Default": .builtin("Default") { call in
        let arguments = try call.bind(["type", "default"], required: 2)
        let kind = try kind(arguments[0], call)
        let written = arguments[1] ?? .none
        if EmptyValue.isEmpty(written) { return .host(FieldSignature(kind)) }
        guard let value = kind.coerced(written, at: call.location) else {
          throw StarlarkError(
            "Default: the value is \(kind.description), not \(written.asString.map { "\"\($0)\"" } ?? written.typeName)"
          )
        }
        return .host(FieldSignature(kind, defaultValue: value))
      },
    ]
    for type in ObjectType.aurora { names[type.name] = .host(TypeValue(.object(type))) }
    names["LoggerDestination"] = .host(TypeValue(ObjectType.loggerDestination))
    names["LoggerMode"] = .host(TypeValue(ObjectType.loggerMode))
    names["Mode"] = .host(TypeValue(ObjectType.mode))
    names["MesosJob"] = names["Job"]
    return names
  }

  private static func kind(_ value: Value?, _ call: Call) throws -> ObjectKind {
    guard let type: TypeValue = value?.asHost() else {
      throw StarlarkError("\(call.name): takes a type such as String, not \(value?.typeName ?? "nothing")")
    }
    return type.kind
  }

  /// `Enum("a", "b")`, or `Enum("Name", ["a", "b"])`.
  private static func enumeration(_ call: Call) throws -> Value {
    try call.rejectNamed()
    if call.positional.count == 2, let name = call.positional[0].asString, let values = call.positional[1].asElements {
      return .host(TypeValue(.choice(name: name, values: values.compactMap(\.asString))))
    }
    let values = call.positional.compactMap(\.asString)
    guard !values.isEmpty, values.count == call.positional.count else {
      throw StarlarkError("Enum: takes texts, or a name and a list of texts")
    }
    return .host(TypeValue(.choice(name: "Enum_" + values.joined(separator: "_"), values: values)))
  }

  /// `class NAME(BASE)`: a type with the fields of the base and those that the class declares. Entries of the body that
  /// are neither a type nor a signature are not fields, as in Pystachio.
  static func declare(_ call: Call) throws -> Value {
    let arguments = try call.bind(["name", "base", "attributes"], required: 3)
    guard let name = arguments[0]?.asString, let base: TypeValue = arguments[1]?.asHost(),
      case .object(let parent) = base.kind, let attributes = arguments[2]?.asItems
    else {
      throw StarlarkError("a class here is a configuration object", hint: "write class NAME(Struct):")
    }
    var fields = parent.isOpen ? [] : parent.fields
    for (key, value) in attributes {
      guard let field = key.asString else { continue }
      var made: ObjectType.Field?
      if let type: TypeValue = value.asHost() {
        made = ObjectType.Field(name: field, kind: type.kind)
      } else if let signature: FieldSignature = value.asHost() {
        made = ObjectType.Field(
          name: field, kind: signature.kind, isRequired: signature.isRequired, defaultValue: signature.defaultValue)
      }
      guard let made else { continue }
      fields.removeAll { $0.name == field }
      fields.append(made)
    }
    return .host(TypeValue(.object(ObjectType(name, fields, isDeclared: true))))
  }
}

/// The meaning of `Required(...)` and `Default(...)` for a field of a class.
final class FieldSignature: StarlarkHostObject {
  let kind: ObjectKind
  let isRequired: Bool
  let defaultValue: Value?

  init(_ kind: ObjectKind, isRequired: Bool = false, defaultValue: Value? = nil) {
    self.kind = kind
    self.isRequired = isRequired
    self.defaultValue = defaultValue
    defaultValue?.freeze()
  }

  var typeName: String { "field" }
}

/// A value with attributes alone: a module, or a class that holds functions.
final class Namespace: StarlarkHostObject {
  let name: String
  let members: [String: Value]

  init(_ name: String, _ members: [String: Value]) {
    self.name = name
    self.members = members
    for value in members.values { value.freeze() }
  }

  var typeName: String { name }
  var attributeNames: [String] { members.keys.sorted() }

  func attribute(_ name: String) throws -> Value? { members[name] }
}

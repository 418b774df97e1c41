import Diagnostics
import Starlark
import Synchronization

/// An object of a template: a value with named fields, variables bound to it, and the place that made it. Immutable.
///
/// As in Pystachio, calling an object gives a copy with other fields, and `.bind()` a copy with more variables.
final class TemplateObject: StarlarkHostObject {
  let type: ObjectType
  /// In the order they were given; those that are `None` are left out.
  let fields: [(name: String, value: Value)]
  /// Variables for the texts in and below this object, nearest first.
  let bindings: [(name: String, value: Value)]
  let location: Starlark.SourceLocation?
  /// Which fields were asked for, where that matters.
  let reads: ReadNames?

  init(
    type: ObjectType, fields: [(name: String, value: Value)], bindings: [(name: String, value: Value)] = [],
    location: Starlark.SourceLocation?, reads: ReadNames? = nil
  ) {
    self.type = type
    self.reads = reads
    self.fields = fields
    self.bindings = bindings
    self.location = location
  }

  /// The object that `Type(field = value, ...)` makes.
  static func make(_ type: ObjectType, _ call: Call) throws -> Value {
    .host(
      TemplateObject(
        type: type, fields: try merged([], type, call), location: userLocation(of: call)))
  }

  func field(_ name: String) -> Value? { fields.first { $0.name == name }?.value }

  /// The innermost place outside of Kilt's own library: where a person can do something.
  static func userLocation(of call: Call) -> Starlark.SourceLocation? {
    let places = call.callStack.compactMap(\.location)
    return places.last { !TemplateLibrary.owns($0.file) } ?? places.last
  }

  private static func merged(
    _ old: [(name: String, value: Value)], _ type: ObjectType, _ call: Call
  ) throws -> [(name: String, value: Value)] {
    var fields = old
    var given: [(String, Value)] = call.named.map { ($0.name, $0.value) }
    for value in call.positional {
      // Pystachio takes dictionaries, and so do objects made from one another.
      if let items = value.asItems {
        given += items.compactMap { item in item.key.asString.map { ($0, item.value) } }
      } else if let object: TemplateObject = value.asHost(), type.isOpen {
        given += object.fields.map { ($0.name, $0.value) }
      } else {
        throw StarlarkError("\(type.name): fields are given by name, as in \(type.name)(name = ...)")
      }
    }
    for (name, value) in given {
      if !type.isOpen {
        guard let kind = type.kind(of: name) else {
          throw StarlarkError(
            "\(type.name) has no field \"\(name)\"", hint: Suggestions.remedy(for: name, among: type.fields.map(\.name))
          )
        }
        if case .unsupported(let advice) = kind, !value.isNone {
          throw StarlarkError("the field \"\(name)\" of \(type.name) is not supported", hint: advice)
        }
        guard value.isNone || kind.accepts(value) else {
          let got = (value.asHost() as TemplateObject?)?.type.name ?? value.typeName
          let shown = value.asString.map { "the string \"\($0)\"" } ?? got
          throw StarlarkError("the field \"\(name)\" of \(type.name) is \(kind.description), not \(shown)")
        }
      }
      fields.removeAll { $0.name == name }
      if !value.isNone { fields.append((name, value)) }
    }
    return fields
  }

  // MARK: StarlarkHostObject

  var typeName: String { type.name }

  var representation: String {
    "\(type.name)(\(fields.map(\.name).joined(separator: ", ")))"
  }

  func attribute(_ name: String) throws -> Value? {
    reads?.note(name)
    if let value = field(name) { return value }
    if name == "bind" {
      return .builtin("bind") { [self] call in
        .host(TemplateObject(type: type, fields: fields, bindings: try bound(call) + bindings, location: location))
      }
    }
    if type.isOpen, name == "get" {
      return .builtin("get") { [self] call in
        let arguments = try call.bind(["name", "default"], required: 1)
        guard let name = arguments[0]?.asString else { throw StarlarkError("get: takes a name") }
        reads?.note(name)
        return field(name) ?? arguments[1] ?? .none
      }
    }
    // A field that was not given, and a field that does not exist, differ.
    return type.kind(of: name) == nil ? nil : Value.none
  }

  var attributeNames: [String] {
    (type.isOpen ? fields.map(\.name) + ["get"] : type.fields.map(\.name)) + ["bind"]
  }

  func element(at key: Value) throws -> Value? {
    guard type.isOpen, let name = key.asString else { return nil }
    reads?.note(name)
    guard let value = field(name) else { throw StarlarkError("\(type.name) has no \"\(name)\"") }
    return value
  }

  func contains(_ key: Value) throws -> Bool? {
    guard type.isOpen, let name = key.asString else { return nil }
    reads?.note(name)
    return field(name) != nil
  }

  func elements() -> [Value]? {
    guard type.isOpen else { return nil }
    fields.forEach { reads?.note($0.name) }
    return fields.map { .string($0.name) }
  }

  var isCallable: Bool { true }

  func call(_ call: Call) throws -> Value {
    .host(
      TemplateObject(
        type: type, fields: try Self.merged(fields, type, call), bindings: bindings,
        location: Self.userLocation(of: call)))
  }

  func freeze() {
    for entry in fields + bindings { entry.value.freeze() }
  }

  private func bound(_ call: Call) throws -> [(name: String, value: Value)] {
    var result = call.named.map { (name: $0.name, value: $0.value) }
    for value in call.positional {
      if let object: TemplateObject = value.asHost() {
        result += object.fields
      } else if let items = value.asItems {
        result += items.compactMap { item in item.key.asString.map { (name: $0, value: item.value) } }
      } else {
        throw StarlarkError("bind: variables are given by name, or as a Profile")
      }
    }
    return result
  }
}

/// Names that were asked for while a template ran: an entry of `args` that nobody asks for is a slip of the pen.
final class ReadNames: Sendable {
  private let names = Mutex<Set<String>>([])

  func note(_ name: String) { names.withLock { _ = $0.insert(name) } }

  func contains(_ name: String) -> Bool { names.withLock { $0.contains(name) } }
}

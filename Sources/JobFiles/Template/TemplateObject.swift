import Diagnostics
import Starlark
import Synchronization

/// An object of a template: a value with named fields, bound variables, and the location that created it. Immutable.
///
/// As in Pystachio, calling an object returns a copy with other fields, and `.bind()` a copy with more variables.
final class TemplateObject: StarlarkHostObject {
  let type: ObjectType
  /// In the order they were given; those that are `None` are left out.
  let fields: [(name: String, value: Value)]
  /// Variables for the texts in and below this object, nearest first.
  let bindings: [BindingFrame]
  let location: StarlarkLocation?
  /// The fields that have been read, where that matters.
  let reads: ReadNames?
  /// Whether fields are read by calling them: `job.name()`.
  let hasAccessors: Bool

  init(
    type: ObjectType, fields: [(name: String, value: Value)], bindings: [BindingFrame] = [],
    location: StarlarkLocation?, reads: ReadNames? = nil, hasAccessors: Bool = false
  ) {
    self.type = type
    self.reads = reads
    self.fields = fields
    self.bindings = bindings
    self.location = location
    self.hasAccessors = hasAccessors || type.isDeclared
  }

  /// The object that `Type(field = value, ...)` creates.
  static func make(_ type: ObjectType, _ call: Call) throws -> Value {
    let evaluation: TemplateEvaluation? = call.context()
    return .host(
      TemplateObject(
        type: type, fields: try merged([], type, call), location: userLocation(of: call),
        hasAccessors: !type.isOpen && evaluation?.isAurora == true))
  }

  /// The same object with other fields or bindings.
  func copy(
    fields: [(name: String, value: Value)]? = nil, bindings: [BindingFrame]? = nil,
    location: StarlarkLocation? = nil
  ) -> TemplateObject {
    TemplateObject(
      type: type, fields: fields ?? self.fields, bindings: bindings ?? self.bindings,
      location: location ?? self.location, reads: reads, hasAccessors: hasAccessors)
  }

  /// The value that was given for a field.
  func field(_ name: String) -> Value? { fields.first { $0.name == name }?.value }

  /// The value of a field, or its type's default.
  func value(_ name: String) -> Value? { field(name) ?? type[name]?.defaultValue }

  /// The innermost place outside of Kilt's own library: where a person can do something.
  static func userLocation(of call: Call) -> StarlarkLocation? {
    let places = call.callStack.compactMap(\.location)
    return places.last { !TemplateLibrary.owns($0.file) } ?? places.last
  }

  /// A problem of a field is reported, and the field omitted, so that one run finds all problems.
  private static func merged(
    _ old: [(name: String, value: Value)], _ type: ObjectType, _ call: Call
  ) throws -> [(name: String, value: Value)] {
    var fields = old
    var given: [(String, Value)] = call.named.map { ($0.name, $0.value) }
    for value in call.positional {
      // Pystachio accepts dictionaries, and so do objects that are created from one another.
      if let items = value.asItems {
        given += items.compactMap { item in item.key.asString.map { ($0, item.value) } }
      } else if let object: TemplateObject = value.asHost(), type.isOpen {
        given += object.fields.map { ($0.name, $0.value) }
      } else {
        throw StarlarkError("\(type.name): fields are given by name, as in \(type.name)(name = ...)")
      }
    }
    for (name, value) in given {
      var value = value
      if !type.isOpen {
        guard let kind = type.kind(of: name) else {
          try report(
            "\(type.name) has no field \"\(name)\"",
            hint: Suggestions.remedy(for: name, among: type.fields.map(\.name)),
            note: "its fields are " + type.fields.map(\.name).joined(separator: ", "), call)
          continue
        }
        if !value.isNone, !EmptyValue.isEmpty(value) {
          guard let coerced = kind.coerced(value, at: call.location) else {
            let got = (value.asHost() as TemplateObject?)?.type.name ?? value.typeName
            let shown = value.asString.map { "the string \"\($0)\"" } ?? got
            try report("the field \"\(name)\" of \(type.name) is \(kind.description), not \(shown)", call)
            continue
          }
          value = coerced
        }
      } else if let typed: TypedValue = value.asHost() {
        value = typed.value
      }
      fields.removeAll { $0.name == name }
      if !value.isNone, !EmptyValue.isEmpty(value) { fields.append((name, value)) }
    }
    return fields
  }

  private static func report(_ message: String, hint: String? = nil, note: String? = nil, _ call: Call) throws {
    var error = StarlarkError(message, hint: hint, location: call.location)
    error.callStack = call.callStack
    guard let evaluation: TemplateEvaluation = call.context() else { throw error }
    var diagnostic = TemplateDiagnostic.make(error)
    if hint == nil, let note { diagnostic.notes.append(note) }
    evaluation.report(diagnostic)
  }

  // MARK: StarlarkHostObject

  /// The entries of `args` are the one profile whose reads are noted: an error about them names it as templates do.
  var typeName: String { reads == nil ? type.name : "args" }

  var representation: String {
    "\(type.name)(\(fields.map(\.name).joined(separator: ", ")))"
  }

  func attribute(_ name: String) throws -> Value? {
    reads?.note(name)
    if hasAccessors, let field = type[name] { return accessor(field) }
    if !hasAccessors, let value = field(name) { return value }
    if name == "bind" {
      return .builtin("bind") { [self] call in .host(copy(bindings: try Self.frames(of: call) + bindings)) }
    }
    if type.isOpen, name == "get" {
      return .builtin("get") { [self] call in
        let arguments = try call.bind(["name", "default"], required: 1)
        guard let name = arguments[0]?.asString else { throw StarlarkError("get: takes a name") }
        reads?.note(name)
        return field(name) ?? arguments[1] ?? .none
      }
    }
    if hasAccessors, name == "get" { return .builtin("get") { [self] _ in plain } }
    if name.hasPrefix("has_"), let field = type[String(name.dropFirst(4))] {
      return .builtin(name) { [self] _ in .bool(value(field.name) != nil) }
    }
    // A field that was not given, and a field that does not exist, differ.
    return type.kind(of: name) == nil ? nil : Value.none
  }

  /// `job.name()`: the field with its known variables replaced, or `Empty`.
  private func accessor(_ field: ObjectType.Field) -> Value {
    .builtin(field.name) { [self] _ in
      guard let value = value(field.name) else { return EmptyValue.value }
      return TypedValue.bound(value, field.kind, in: ScopeChain().within(self))
    }
  }

  /// A dictionary of the fields, as written, defaults included.
  var plain: Value {
    let names = type.isOpen ? fields.map(\.name) : type.fields.map(\.name)
    return .dict(StarlarkDict(names.compactMap { name in value(name).map { (name, TypedValue.plain($0)) } }))
  }

  var attributeNames: [String] {
    (type.isOpen || hasAccessors ? fields.map(\.name) + ["get"] : type.fields.map(\.name)) + ["bind"]
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
    .host(copy(fields: try Self.merged(fields, type, call), location: Self.userLocation(of: call)))
  }

  func freeze() {
    for entry in fields { entry.value.freeze() }
    for case .entries(let entries) in bindings { for entry in entries { entry.value.freeze() } }
  }

  /// The arguments of `bind(...)`, the last call first.
  static func frames(of call: Call) throws -> [BindingFrame] {
    var frames: [BindingFrame] = []
    for value in call.positional {
      if let object: TemplateObject = value.asHost() {
        frames.append(.scope(object))
      } else if let items = value.asItems {
        frames.append(.names(items.compactMap { item in item.key.asString.map { (name: $0, value: item.value) } }))
      } else {
        throw StarlarkError("bind: variables are given by name, or as a Profile")
      }
    }
    if !call.named.isEmpty { frames.append(.names(call.named.map { (name: $0.name, value: $0.value) })) }
    return frames.reversed()
  }
}

/// Names that a running template has used: an unused entry of `args` is a typing error.
final class ReadNames: Sendable {
  private let names = Mutex<Set<String>>([])

  func note(_ name: String) { names.withLock { _ = $0.insert(name) } }

  func contains(_ name: String) -> Bool { names.withLock { $0.contains(name) } }
}

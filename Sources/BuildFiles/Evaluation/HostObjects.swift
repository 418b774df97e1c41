internal import Diagnostics
internal import Starlark

/// The name of a target type in a BUILD file: called, it declares a target; in `__defaults__`, it is a key.
final class TargetTypeSymbol: StarlarkHostObject {
  let type: TargetType
  let name: String

  init(type: TargetType, name: String) {
    self.type = type
    self.name = name
  }

  var typeName: String { "target type" }
  var representation: String { name }
  var isCallable: Bool { true }
  var attributeNames: [String] { type.fields.map(\.name) }

  func attribute(_ name: String) throws -> Value? {
    guard type == .foreign || type.field(named: name) != nil else { return nil }
    return .host(FieldSymbol(self, name: name))
  }

  func call(_ call: Call) throws -> Value {
    guard let state = call.context(BuildDirectoryEvaluation.self) else {
      throw StarlarkError("targets can be declared in BUILD files only, not while a loaded file is read")
    }
    // In the BUILD files of 2017 `python_requirement("six>=1.9")` is a value inside `requirements=[…]`.
    if type == .pythonRequirement, name == "python_requirement", let first = call.positional.first {
      guard first.asString != nil, call.positional.count == 1 else {
        throw StarlarkError("python_requirement takes one requirement, or fields by name")
      }
      return first
    }
    try state.declare(self, call)
    return .none
  }
}

/// The result of a function such as `http_source`.
final class FieldObject: StarlarkHostObject {
  let value: FieldValue
  let typeName: String

  init(typeName: String, value: FieldValue) {
    self.typeName = typeName
    self.value = value
  }

  var representation: String { value.source }
  func isEqual(to other: any StarlarkHostObject) -> Bool { (other as? FieldObject)?.value == value }
  var hash: Int? { value.hashValue }
}

/// The file sets of 2017: `globs("*.py") - rglobs("old/*")`, `globs("*.py", exclude=[…])`.
final class GlobSet: StarlarkHostObject {
  let includes: [String]
  let excludes: [String]

  init(includes: [String], excludes: [String]) {
    self.includes = includes
    self.excludes = excludes
  }

  var typeName: String { "globs" }
  var representation: String { "globs(" + patterns.map { "\"\($0)\"" }.joined(separator: ", ") + ")" }
  /// The set as the globs of today.
  var patterns: [String] { includes + excludes.map { "!" + $0 } }

  /// The set that a value represents: globs, a list, a string.
  static func of(_ value: Value) -> GlobSet? {
    if let set = value.asHost(GlobSet.self) { return set }
    if let text = value.asString { return GlobSet(includes: [text], excludes: []) }
    guard let elements = value.asElements else { return nil }
    var includes: [String] = []
    var excludes: [String] = []
    for element in elements {
      guard let set = of(element) else { return nil }
      includes += set.includes
      excludes += set.excludes
    }
    return GlobSet(includes: includes, excludes: excludes)
  }

  func binary(_ operation: BinaryOperator, _ other: Value, reversed: Bool) throws -> Value? {
    guard let other = GlobSet.of(other) else { return nil }
    let (left, right) = reversed ? (other, self) : (self, other)
    switch operation {
    case .plus:
      return .host(GlobSet(includes: left.includes + right.includes, excludes: left.excludes + right.excludes))
    case .minus: return .host(GlobSet(includes: left.includes, excludes: left.excludes + right.includes))
    default: return nil
    }
  }

  /// Creates the function `globs`, `rglobs` or `zglobs`.
  static func function(_ name: String) -> Value {
    .builtin(name) { call in
      var includes: [String] = []
      for value in call.positional {
        guard let text = value.asString else { throw StarlarkError("\(name) takes patterns") }
        includes.append(name == "rglobs" ? recursive(text) : text)
      }
      var excludes: [String] = []
      for argument in call.named {
        guard argument.name == "exclude", let set = of(argument.value) else {
          throw StarlarkError("\(name) takes patterns and exclude=[…]")
        }
        excludes += set.includes
      }
      return .host(GlobSet(includes: includes, excludes: excludes))
    }
  }

  /// `rglobs` looks below the directory of its pattern: `old/*` is `old/**/*`.
  private static func recursive(_ pattern: String) -> String {
    if pattern.contains("**") { return pattern }
    return Paths.join(Paths.parent(pattern), "**/" + Paths.lastComponent(pattern))
  }
}

extension FieldValue {
  /// The field value of a Starlark value; nil for a value that no field accepts, such as a function.
  ///
  /// - Throws: `StarlarkError` for a `parametrize` that gives a field no alternatives.
  init?(_ value: Value) throws {
    switch value {
    case .none: self = .none
    case .bool(let value): self = .bool(value)
    case .int(let value): self = .int(Int64(value))
    case .float(let value): self = .double(value)
    case .string(let text): self = .string(text.text)
    case .dict:
      var entries: [Entry] = []
      for item in value.asItems ?? [] {
        guard let key = try FieldValue(item.key), let value = try FieldValue(item.value) else { return nil }
        entries.append(Entry(key: key, value: value))
      }
      self = .map(entries)
    case .opaque(let reference):
      switch reference.object {
      case let object as FieldObject: self = object.value
      case let object as Parametrization: self = try object.alternatives()
      case let object as ParametrizationGroup: self = object.value
      case let set as GlobSet: self = .strings(set.patterns)
      case let symbol as TargetTypeSymbol: self = .string(symbol.name)
      case let path as DirectoryPath: self = .string(path.representation)
      default: return nil
      }
    default:
      guard let elements = value.iterated else { return nil }
      var values: [FieldValue] = []
      for element in elements {
        guard let value = try FieldValue(element) else { return nil }
        // A set of globs inside a list is part of the list.
        if element.asHost(GlobSet.self) != nil, let inner = value.list { values += inner } else { values.append(value) }
      }
      self = .list(values)
    }
  }
}

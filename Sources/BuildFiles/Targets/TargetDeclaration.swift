/// One target as a BUILD file declares it, with its fields checked, before target generators create targets from it.
public struct TargetDeclaration: Sendable {
  /// A field given in the BUILD file, or by `__defaults__`.
  public struct Assignment: Hashable, Sendable {
    /// The name.
    public var name: String
    /// The value, as it fits the field's kind.
    public var value: FieldValue

    /// A field's value.
    public init(name: String, value: FieldValue) {
      self.name = name
      self.value = value
    }
  }

  /// The type.
  public var type: TargetType
  /// The name of the type as the BUILD file writes it.
  public var typeName: String
  /// The target's name.
  public var name: String
  /// The given fields, in the order of the BUILD file, without `name`.
  public var fields: [Assignment]
  /// The parameters, for a target made by `parametrize`.
  public var parameters: [Address.Parameter] = []
  /// The location of the declaration.
  public var site: DeclarationSite
  /// The number of `__defaults__` calls before it in its BUILD directory.
  var defaultsBefore = 0

  /// A declaration of these parts.
  public init(type: TargetType, typeName: String, name: String, fields: [Assignment], site: DeclarationSite) {
    self.type = type
    self.typeName = typeName
    self.name = name
    self.fields = fields
    self.site = site
  }

  /// The value of a field as given; nil when it is not.
  public func given(_ name: String) -> FieldValue? {
    for field in fields where field.name == name { return field.value }
    return nil
  }

  /// The value of a field: as given, or by default.
  public func value(of name: String) -> FieldValue {
    if let value = given(name), value != .none { return value }
    return type.field(named: name)?.defaultValue ?? .none
  }

  /// The strings of a field; none where it is `None`.
  public func strings(of name: String) -> [String] { value(of: name).strings ?? [] }
}

/// All declarations of the BUILD files of one directory.
public struct BuildDirectory: Sendable {
  /// The directory, from the workspace root.
  public var directory: String
  /// The BUILD files, from the workspace root.
  public var files: [String]
  /// The files that they load, and the prelude files.
  public var loadedFiles: [String]
  /// The environment variables that they read.
  public var environmentNames: [String]
  /// The targets, in their order.
  public var targets: [TargetDeclaration]
  /// The `__defaults__` calls, in their order.
  var defaults: [DefaultsCall]
  /// The calls of `__dependencies_rules__` and `__dependents_rules__`, at most one of each.
  public var visibility: [VisibilityDeclaration]
  /// The pending evaluation of the directory, if a BUILD file reads `some_type.some_field.default`, until the values of
  /// directories above are known; nil once evaluated.
  var awaiting: (@Sendable (FieldDefaults) throws -> BuildDirectory)?
}

extension BuildDirectory {
  /// A package that comes from no BUILD file.
  public init(directory: String, targets: [TargetDeclaration]) {
    self.init(
      directory: directory, files: [], loadedFiles: [], environmentNames: [], targets: targets, defaults: [],
      visibility: [])
  }
}

/// One field of a target type: its name, its accepted values, and its default.
public struct FieldDefinition: Hashable, Sendable {
  /// The values that a field accepts.
  public enum Kind: Hashable, Sendable {
    case bool
    case int
    /// An integer above zero.
    case positive
    case string
    /// One of these strings.
    case choice([String])
    /// A list (or tuple, or set) of strings.
    case strings
    /// A list of these strings.
    case choices([String])
    /// A list of requirements on projects (PEP 508).
    case requirements
    /// A list of requirements on interpreters: `CPython>=3.9,<4`.
    case interpreterConstraints
    /// As ``strings``, or one string.
    case stringOrStrings
    /// A dictionary of strings.
    case stringMap
    /// A dictionary from strings to lists of strings.
    case stringListMap
    /// A dictionary from strings to dictionaries of strings.
    case stringMapMap
    /// A dictionary from file names (or tuples of them) to dictionaries of fields.
    case overrides
    /// One file name, or the result of `http_source` or `per_platform`.
    case source
    /// Globs over files.
    case sources
    /// Addresses, with `!` and `!!` to take inferred ones away.
    case dependencies
    /// The result of a function with one of these names.
    case object([String])
    /// Anything.
    case any
  }

  /// The name, as BUILD files write it.
  public var name: String
  /// The accepted values.
  public var kind: Kind
  /// Whether the field is required.
  public var isRequired: Bool
  /// Its value when not given.
  public var defaultValue: FieldValue

  /// A field.
  public init(_ name: String, _ kind: Kind, isRequired: Bool = false, default defaultValue: FieldValue = .none) {
    self.name = name
    self.kind = kind
    self.isRequired = isRequired
    self.defaultValue = defaultValue
  }
}

/// One field of a target type: its name, what it takes, and what it is when not given.
public struct FieldDefinition: Hashable, Sendable {
  /// What values a field takes.
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
    /// One file name, or what `http_source` or `per_platform` makes.
    case source
    /// Globs over files.
    case sources
    /// Addresses, with `!` and `!!` to take inferred ones away.
    case dependencies
    /// What a function of one of these names makes.
    case object([String])
    /// Anything.
    case any
  }

  /// The name, as BUILD files write it.
  public var name: String
  /// What it takes.
  public var kind: Kind
  /// Whether a target must give it.
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

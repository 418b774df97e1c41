/// One field of a target type: its name, what it takes, and what it is when not given.
public struct FieldDefinition: Hashable, Sendable {
  /// What values a field takes.
  public enum Kind: Hashable, Sendable {
    case bool
    case int
    case string
    /// One of these strings.
    case choice([String])
    /// A list (or tuple, or set) of strings.
    case strings
    /// As ``strings``, or one string.
    case stringOrStrings
    /// A dictionary of strings.
    case stringMap
    /// A dictionary from strings to lists of strings.
    case stringListMap
    /// A dictionary from file names (or tuples of them) to dictionaries of fields.
    case overrides
    /// One file name, or what `http_source` or `per_platform` makes.
    case source
    /// Globs over files.
    case sources
    /// Addresses, with `!` and `!!` to take inferred ones away.
    case dependencies
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

  /// What the field takes, for messages; nil when the value is right.
  func mismatch(_ value: FieldValue) -> String? {
    func check(_ holds: Bool, _ expected: String) -> String? { holds ? nil : expected }
    if case .none = value { return isRequired ? "a value" : nil }
    if case .alternatives(let entries) = value {
      return entries.lazy.compactMap { mismatch($0.value) }.first
    }
    switch kind {
    case .any: return nil
    case .bool: return check(value.bool != nil, "True or False")
    case .int: return check(value.int != nil, "an integer")
    case .string: return check(value.string != nil, "a string")
    case .choice(let choices):
      return check(
        value.string.map(choices.contains) ?? false,
        "one of " + choices.map { "\"\($0)\"" }.joined(separator: ", "))
    case .strings, .dependencies: return check(value.list != nil && value.strings != nil, "a list of strings")
    case .stringOrStrings: return check(value.strings != nil, "a string or a list of strings")
    case .sources: return check(value.strings != nil, "a list of globs")
    case .source:
      if case .object(let name, _) = value, name == "http_source" || name == "per_platform" { return nil }
      return check(value.string != nil, "a file name")
    case .stringMap:
      return check(
        value.map?.allSatisfy { $0.key.string != nil && $0.value.string != nil } ?? false, "a dictionary of strings")
    case .stringListMap:
      return check(
        value.map?.allSatisfy { $0.key.string != nil && $0.value.strings != nil } ?? false,
        "a dictionary from strings to lists of strings")
    case .overrides:
      return check(
        value.map?.allSatisfy { $0.key.strings != nil && $0.value.map != nil } ?? false,
        "a dictionary from file names to dictionaries of fields")
    }
  }
}

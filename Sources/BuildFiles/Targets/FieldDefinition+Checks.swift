/// The problem of a field's value.
public struct FieldMismatch: Hashable, Sendable {
  /// The accepted values of the field, for messages.
  var expected: String
  /// The part of the value that is to blame.
  var culprit: FieldValue
  /// Whether the wrong value is in a list or dictionary of the right kind.
  var isInside = false
  /// The strings that the field accepts, if they are limited.
  var choices: [String] = []

  /// The actual kind, for messages.
  var shown: String {
    let culprit = self.culprit.string == nil && self.culprit.int == nil ? self.culprit.kindName : self.culprit.source
    return isInside ? "but holds \(culprit)" : "not \(culprit)"
  }
}

extension FieldDefinition {
  private typealias Mismatch = FieldMismatch

  /// The problem of a value; nil if it is right.
  func mismatch(_ value: FieldValue) -> FieldMismatch? {
    if case .none = value { return isRequired ? Mismatch(expected: "a value", culprit: value) : nil }
    if case .alternatives(let entries) = value { return entries.lazy.compactMap { mismatch($0.value) }.first }
    func whole(_ holds: Bool, _ expected: String) -> Mismatch? {
      holds ? nil : Mismatch(expected: expected, culprit: value)
    }
    switch kind {
    case .any: return nil
    case .bool: return whole(value.bool != nil, "True or False")
    case .int: return whole(value.int != nil, "an integer")
    case .positive: return whole((value.int ?? 0) > 0, "an integer above zero")
    case .string: return whole(value.string != nil, "a string")
    case .choice(let choices):
      var found = whole(value.string.map(choices.contains) ?? false, "one of " + Self.listed(choices))
      found?.choices = choices
      return found
    case .object(let names):
      return whole(names.contains(where: value.isObject), names.map { "\($0)(…)" }.joined(separator: " or "))
    case .strings, .dependencies: return Self.list(value, "a list of strings")
    case .choices(let choices):
      var found = Self.list(value, "a list of some of " + Self.listed(choices), each: choices.contains)
      found?.choices = choices
      return found
    case .requirements:
      return Self.list(value, "a list of requirements such as \"flask>=2,<3\"", each: RequirementText.isRequirement)
    case .interpreterConstraints:
      return Self.list(
        value, "a list of constraints such as \"CPython>=3.9,<4\"", each: RequirementText.isInterpreterConstraint)
    case .stringOrStrings: return value.string == nil ? Self.list(value, "a string or a list of strings") : nil
    case .sources:
      let expected = "a list of globs below the directory"
      let list = value.string.map { FieldValue.list([.string($0)]) } ?? value
      return Self.list(list, expected) { Self.staysInside($0.hasPrefix("!") ? $0.dropFirst() : $0[...]) }
    case .source:
      if value.isObject("http_source") || value.isObject("per_platform") { return nil }
      let holds = value.string.map { Self.staysInside($0[...]) && !$0.contains("*") && !$0.hasPrefix("!") } ?? false
      return whole(holds, "the name of one file below the directory")
    case .stringMap: return Self.map(value, "a dictionary of strings") { $0.string == nil ? $0 : nil }
    case .stringListMap:
      return Self.map(value, "a dictionary from strings to lists of strings") { $0.strings == nil ? $0 : nil }
    case .stringMapMap:
      return Self.map(value, "a dictionary from strings to dictionaries of strings") { inner in
        guard let entries = inner.map else { return inner }
        return entries.first { $0.key.string == nil || $0.value.string == nil }.map { .map([$0]) }
      }
    case .overrides:
      let wrong = value.map?.first { $0.key.strings == nil || $0.value.map == nil }
      if value.map != nil, wrong == nil { return nil }
      let culprit = wrong.map { $0.key.strings == nil ? $0.key : $0.value } ?? value
      return Mismatch(
        expected: "a dictionary from file names to dictionaries of fields", culprit: culprit, isInside: wrong != nil)
    }
  }

  /// The problem of a list of strings.
  private static func list(
    _ value: FieldValue, _ expected: String, each holds: (String) -> Bool = { _ in true }
  ) -> Mismatch? {
    guard let values = value.list else { return Mismatch(expected: expected, culprit: value) }
    let wrong = values.first { $0.string.map { !holds($0) } ?? true }
    return wrong.map { Mismatch(expected: expected, culprit: $0, isInside: true) }
  }

  /// The problem of a dictionary with string keys; `wrong` returns the problem of one of its values.
  private static func map(
    _ value: FieldValue, _ expected: String, _ wrong: (FieldValue) -> FieldValue?
  ) -> Mismatch? {
    guard let entries = value.map else { return Mismatch(expected: expected, culprit: value) }
    for entry in entries {
      if entry.key.string == nil, !entry.key.isObject("stevedore_namespace") {
        return Mismatch(expected: expected, culprit: entry.key, isInside: true)
      }
      if let part = wrong(entry.value) { return Mismatch(expected: expected, culprit: part, isInside: true) }
    }
    return nil
  }

  private static func listed(_ choices: [String]) -> String {
    choices.map { "\"\($0)\"" }.joined(separator: ", ")
  }

  /// Whether a path or glob stays below the directory from which it is looked up.
  private static func staysInside(_ path: Substring) -> Bool {
    !path.hasPrefix("/") && !path.split(separator: "/").contains("..")
  }
}

/// Requirements, checked only by their form: the resolver of versions reads their meaning.
public enum RequirementText {
  /// Whether a text names a project by a path, as requirements files do: `./libs/tool`, `-e ../tool`.
  public static func namesPath(_ text: String) -> Bool {
    text.hasPrefix(".") || text.hasPrefix("-e") || text.hasPrefix("--editable")
  }

  /// Whether a text has the form of a requirement on a project (PEP 508), or is the URL or path of one.
  static func isRequirement(_ text: String) -> Bool {
    if text.contains("://") || namesPath(text) { return true }
    var rest = text.drop { $0 == " " }
    let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
    guard let first = name.first, first.isLetter || first.isNumber else { return false }
    rest = rest.dropFirst(name.count).drop { $0 == " " }
    if rest.hasPrefix("[") { rest = rest.drop { $0 != "]" }.dropFirst().drop { $0 == " " } }
    if rest.isEmpty || rest.hasPrefix("@") || rest.hasPrefix(";") { return true }
    if rest.hasPrefix("(") { rest = rest.dropFirst() }
    return comparisons.contains { rest.hasPrefix($0) }
  }

  /// Whether a text has the form of a requirement on interpreters: an implementation, comparisons with versions, or both.
  static func isInterpreterConstraint(_ text: String) -> Bool {
    var rest = text.filter { $0 != " " }[...]
    let name = rest.prefix { $0.isASCII && ($0.isLetter || $0 == "_") }
    rest = rest.dropFirst(name.count)
    if rest.hasPrefix("["), !name.isEmpty { rest = rest.drop { $0 != "]" }.dropFirst() }
    if rest.isEmpty { return !name.isEmpty }
    return rest.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { part in
      guard let comparison = comparisons.first(where: { part.hasPrefix($0) }) else { return false }
      return part.dropFirst(comparison.count).first?.isNumber ?? false
    }
  }

  private static let comparisons = ["===", "~=", "==", "!=", ">=", "<=", ">", "<"]
}

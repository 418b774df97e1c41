/// One rule of a rule set: the targets at the other end, and the decision on the dependency.
public struct VisibilityRule: Hashable, Sendable {
  /// The decision on a dependency.
  public enum Action: String, Hashable, Sendable, CaseIterable {
    case allow
    case deny
    case warn
  }

  /// The decision.
  public let action: Action
  /// The rule as written.
  public let text: String
  let pattern: TargetPattern

  /// The rule of a text (`!` in front denies, `?` warns) or a dictionary.
  init(_ value: FieldValue, in directory: String) throws(VisibilityError) {
    if let entries = value.map {
      pattern = try TargetPattern(entries, allowing: ["type", "name", "path", "tags", "action"], in: directory)
      let written = value["action"] ?? .string(Action.allow.rawValue)
      guard let action = written.string.flatMap(Action.init(rawValue:)) else {
        throw VisibilityError(
          "a rule's action is \"allow\", \"deny\" or \"warn\", not \(written.source)", text: written.string)
      }
      self.action = action
      text = value.source
      if pattern.isEmpty { throw VisibilityError("the rule \(text) matches nothing", text: nil) }
    } else {
      text = value.string ?? ""
      action = text.hasPrefix("!") ? .deny : text.hasPrefix("?") ? .warn : .allow
      pattern = try TargetPattern(String(text.drop { "!?".contains($0) }), in: directory)
      if pattern.isEmpty {
        throw VisibilityError("the rule \"\(text)\" matches nothing", text: text, remedy: "write \"\(text)*\" for all")
      }
    }
  }
}

/// The rules for the targets that one of the selectors selects. The first rule that matches decides.
public struct VisibilityRuleSet: Sendable {
  /// The selectors as written.
  public let selectors: [String]
  /// The rules, in their order.
  public let rules: [VisibilityRule]
  /// The call that holds the set.
  public let site: DeclarationSite
  /// The function called.
  public let direction: VisibilityDeclaration.Direction
  /// The place of the set among the arguments of the call, from 0.
  public let position: Int
  private let patterns: [TargetPattern]

  /// The rule sets of a call, without empty ones.
  ///
  /// - Throws: ``VisibilityError`` for an invalid rule set.
  static func parse(
    _ values: [FieldValue], _ direction: VisibilityDeclaration.Direction, _ site: DeclarationSite
  ) throws(VisibilityError) -> [VisibilityRuleSet] {
    var found: [VisibilityRuleSet] = []
    for (position, value) in values.enumerated() {
      if value == .none || value == .list([]) { continue }
      found.append(try VisibilityRuleSet(value, position: position, direction, site))
    }
    return found
  }

  private init(
    _ value: FieldValue, position: Int, _ direction: VisibilityDeclaration.Direction, _ site: DeclarationSite
  ) throws(VisibilityError) {
    guard let parts = value.list, parts.count >= 2 else {
      throw VisibilityError(
        "a rule set needs a selector and at least one rule, not \(value.source)", text: value.string,
        remedy: "write (\"*\", \"src/lib/**\", \"!*\"): for all targets, allow src/lib and deny the rest")
    }
    let directory = Paths.parent(site.path)
    var patterns: [TargetPattern] = []
    for selector in Self.flattened(parts[0]) {
      if let entries = selector.map {
        patterns.append(
          try TargetPattern(entries, allowing: ["type", "name", "path", "tags"], in: directory))
      } else {
        patterns.append(try TargetPattern(try Self.text(selector), in: directory))
      }
    }
    patterns.removeAll(where: \.isEmpty)
    var rules: [VisibilityRule] = []
    for rule in Self.flattened(.list(Array(parts.dropFirst()))) {
      if rule.map == nil, case let text = try Self.text(rule), text.isEmpty || text.hasPrefix("#") { continue }
      rules.append(try VisibilityRule(rule, in: directory))
    }
    guard !patterns.isEmpty else {
      throw VisibilityError(
        "the rule set never applies, for its selector matches nothing", text: nil,
        remedy: "write \"*\" for all targets, or a type such as \"<python_*>\"")
    }
    guard !rules.isEmpty else {
      throw VisibilityError(
        "the rule set has no rules", text: nil, remedy: "write \"*\" to allow all, \"!*\" to deny all")
    }
    self.patterns = patterns
    self.rules = rules
    self.position = position
    selectors = patterns.map(\.text)
    self.site = site
    self.direction = direction
  }

  private static func text(_ value: FieldValue) throws(VisibilityError) -> String {
    if let text = value.string { return text }
    throw VisibilityError("a rule is a string or a dictionary, not \(value.kindName)", text: nil)
  }

  /// The strings and dictionaries in lists however nested; a string of several lines is one for each.
  private static func flattened(_ value: FieldValue) -> [FieldValue] {
    if let values = value.list { return values.flatMap(flattened) }
    guard let text = value.string, text.contains("\n") else { return [value] }
    return text.split(separator: "\n").map { line in
      var line = line.drop { $0 == " " || $0 == "\t" }
      while line.hasSuffix(" ") { line.removeLast() }
      return .string(String(line))
    }
  }

  /// Whether the set applies to a target.
  public func selects(_ subject: VisibilitySubject) -> Bool {
    patterns.contains { $0.matches(subject, from: subject.directory) }
  }

  /// The rule that decides about a dependency between a target that the set is for and another; nil when none does.
  public func rule(for subject: VisibilitySubject, other: VisibilitySubject) -> VisibilityRule? {
    rules.first { $0.pattern.matches(other, from: subject.directory) }
  }
}

/// The problem of a call of `__dependencies_rules__` or `__dependents_rules__`.
public struct VisibilityError: Error, Hashable {
  /// The problem.
  public var reason: String
  /// The string in the call that is to blame, where it is one.
  public var text: String?
  /// The replacement to write.
  public var remedy: String?

  init(_ reason: String, text: String?, remedy: String? = nil) {
    self.reason = reason
    self.text = text
    self.remedy = remedy
  }
}

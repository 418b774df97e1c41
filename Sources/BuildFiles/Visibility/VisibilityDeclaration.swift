/// One call of `__dependencies_rules__` or `__dependents_rules__`.
public struct VisibilityDeclaration: Sendable {
  /// The end of a dependency that the rules apply to.
  public enum Direction: String, Hashable, Sendable, CaseIterable {
    /// The allowed dependencies of the targets.
    case dependencies = "__dependencies_rules__"
    /// The allowed dependents of the targets.
    case dependents = "__dependents_rules__"
  }

  /// The end of the dependency.
  public var direction: Direction
  /// The arguments of the call: each a list of selectors and rules, or an empty value.
  let values: [FieldValue]
  /// The rule sets that they write, empty ones left out.
  public let ruleSets: [VisibilityRuleSet]
  /// Whether the rule sets of the directory above follow these.
  public var extends: Bool
  /// The location of the call.
  public var site: DeclarationSite

  /// A call with these arguments.
  ///
  /// - Throws: ``VisibilityError`` for an invalid rule set.
  init(
    direction: Direction, values: [FieldValue], extends: Bool, site: DeclarationSite
  ) throws(VisibilityError) {
    self.direction = direction
    self.values = values
    ruleSets = try VisibilityRuleSet.parse(values, direction, site)
    self.extends = extends
    self.site = site
  }
}

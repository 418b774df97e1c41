/// One call of `__dependencies_rules__` or `__dependents_rules__`.
public struct VisibilityDeclaration: Sendable {
  /// Which end of a dependency the rules are about.
  public enum Direction: String, Hashable, Sendable, CaseIterable {
    /// What the targets may depend on.
    case dependencies = "__dependencies_rules__"
    /// What may depend on the targets.
    case dependents = "__dependents_rules__"
  }

  /// Which end.
  public var direction: Direction
  /// The arguments of the call: each a list of selectors and rules, or an empty value.
  let values: [FieldValue]
  /// The rule sets that they write, empty ones left out.
  public let ruleSets: [VisibilityRuleSet]
  /// Whether the rule sets of the directory above follow these.
  public var extends: Bool
  /// Where the call stands.
  public var site: DeclarationSite

  /// A call with these arguments.
  ///
  /// - Throws: ``VisibilityError`` for what is no rule set.
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

/// One call of `__dependencies_rules__` or `__dependents_rules__`, as values; ``VisibilityRules`` makes matchers of it.
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
  /// The rule sets as the arguments of the call: each a list of selectors and rules, or an empty value.
  public var ruleSets: [FieldValue]
  /// Whether the rule sets of the directory above follow these.
  public var extends: Bool
  /// Where the call stands.
  public var site: DeclarationSite

  /// A call with these arguments.
  public init(direction: Direction, ruleSets: [FieldValue], extends: Bool, site: DeclarationSite) {
    self.direction = direction
    self.ruleSets = ruleSets
    self.extends = extends
    self.site = site
  }
}

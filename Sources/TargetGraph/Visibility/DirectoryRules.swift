import BuildFiles
import Workspace

/// The visibility rules for the targets of one directory: its own, or those of the nearest directory above that has
/// some.
struct DirectoryRules {
  /// The allowed dependencies of its targets; nil without rules.
  var dependencies: [VisibilityRuleSet]?
  /// The allowed dependents of its targets; nil without rules.
  var dependents: [VisibilityRuleSet]?

  /// The rules of a directory whose BUILD files make these calls, below a directory with `inherited` ones.
  ///
  /// A call replaces the inherited rules, or with `extend=True` precedes them; a call without rule sets changes
  /// nothing, as in Pants.
  init(_ declarations: [VisibilityDeclaration], inherited: DirectoryRules?) {
    dependencies = inherited?.dependencies
    dependents = inherited?.dependents
    for declaration in declarations {
      let sets = declaration.ruleSets
      if sets.isEmpty { continue }
      switch declaration.direction {
      case .dependencies: dependencies = sets + (declaration.extends ? inherited?.dependencies ?? [] : [])
      case .dependents: dependents = sets + (declaration.extends ? inherited?.dependents ?? [] : [])
      }
    }
  }

  subscript(direction: VisibilityDeclaration.Direction) -> [VisibilityRuleSet]? {
    direction == .dependencies ? dependencies : dependents
  }
}

/// The decision of the rules of one end on a dependency.
enum VisibilityVerdict {
  case allowed
  /// A rule decides against it, or warns of it.
  case decided(VisibilityRule, VisibilityRuleSet)
  /// A rule set selects the target, and none of its rules matches: refused.
  case unmatched(VisibilityRuleSet)

  /// The verdict of the first rule set that selects `subject`, by its first rule that matches `other`; targets that no
  /// rule set selects can depend on everything.
  init(_ sets: [VisibilityRuleSet]?, for subject: VisibilitySubject, other: VisibilitySubject) {
    guard let set = sets?.first(where: { $0.selects(subject) }) else {
      self = .allowed
      return
    }
    guard let rule = set.rule(for: subject, other: other) else {
      self = .unmatched(set)
      return
    }
    self = rule.action == .allow ? .allowed : .decided(rule, set)
  }
}

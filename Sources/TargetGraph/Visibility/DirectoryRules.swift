import BuildFiles
import Workspace

/// The visibility rules in force for the targets of one directory: its own, or those of the nearest directory above that
/// has some.
struct DirectoryRules {
  /// What its targets may depend on; nil where nothing is said.
  var dependencies: [VisibilityRuleSet]?
  /// What may depend on its targets; nil where nothing is said.
  var dependents: [VisibilityRuleSet]?

  /// The rules of a directory whose BUILD files make these calls, below a directory with `inherited` ones.
  ///
  /// A call replaces what is inherited, or with `extend=True` goes before it; a call without rule sets changes nothing,
  /// as in Pants.
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

/// What the rules of one end say of a dependency.
enum VisibilityVerdict {
  case allowed
  /// A rule decides against it, or warns of it.
  case decided(VisibilityRule, VisibilityRuleSet)
  /// A rule set selects the target, and none of its rules matches: refused.
  case unmatched(VisibilityRuleSet)

  /// The verdict of the first rule set that selects `subject`, by its first rule that matches `other`; what no rule set
  /// selects may depend on all.
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

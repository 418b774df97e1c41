internal import BuildFiles
internal import Diagnostics
internal import Workspace

/// The visibility rules that a resolver remembers.
struct VisibilityState {
  /// The rules in force, by directory; nil for a directory that no rules reach.
  var rules: [String: DirectoryRules?] = [:]
  /// The targets whose dependencies have been checked.
  var checked: Set<TargetID> = []
  /// The warnings of rules.
  var warnings: [Diagnostic] = []
}

extension DependencyResolver {
  /// Checks the dependencies of a target against the rules of both ends: `__dependencies_rules__` where the target is
  /// declared, `__dependents_rules__` where each dependency is (Pants: "Validating dependencies").
  ///
  /// - Throws: `DiagnosticList` with every dependency that a rule denies.
  func checkVisibility(of id: TargetID, _ dependencies: [TargetID]) throws {
    guard hasVisibilityRules, visibility.checked.insert(id).inserted else { return }
    let target = graph[id]
    guard target.type.isPublic || target.type == .foreign else { return }
    let subject = VisibilitySubject(target, in: graph)
    var problems: [Diagnostic] = []
    for dependency in dependencies {
      let other = graph[dependency]
      guard other.type.isPublic || other.type == .foreign else { continue }
      let otherSubject = VisibilitySubject(other, in: graph)
      let ends: [(VisibilityDeclaration.Direction, VisibilitySubject, VisibilitySubject)] = [
        (.dependencies, subject, otherSubject), (.dependents, otherSubject, subject),
      ]
      for (direction, selected, far) in ends {
        let sets = rules(ofDirectory: selected.address.directory)?[direction]
        switch VisibilityVerdict(sets, for: selected, other: far) {
        case .allowed: continue
        case .decided(let rule, let set):
          let diagnostic = Self.decided(rule, set, subject, otherSubject)
          if rule.action == .warn { visibility.warnings.append(diagnostic) } else { problems.append(diagnostic) }
        case .unmatched(let set): problems.append(Self.unmatched(set, subject, otherSubject))
        }
      }
    }
    guard problems.isEmpty else { throw DiagnosticList(problems) }
  }

  /// The rules in force for the targets of a directory.
  private func rules(ofDirectory directory: String) -> DirectoryRules? {
    if let known = visibility.rules[directory] { return known }
    let inherited = directory.isEmpty ? nil : rules(ofDirectory: Paths.parent(directory))
    let own = graph.visibilityDeclarations(inDirectory: directory)
    let found = own.isEmpty ? inherited : DirectoryRules(own, inherited: inherited)
    visibility.rules[directory] = .some(found)
    return found
  }

  private static func decided(
    _ rule: VisibilityRule, _ set: VisibilityRuleSet, _ target: VisibilitySubject, _ dependency: VisibilitySubject
  ) -> Diagnostic {
    let verb = rule.action == .warn ? "should not" : "must not"
    let far = set.direction == .dependencies ? "dependencies" : "dependents"
    return Diagnostic(
      .input, "\"\(target.address)\" \(verb) depend on \"\(dependency.address)\"",
      at: set.site.location(position: set.position, text: rule.text),
      notes: [
        "the rule \"\(rule.text)\" for the \(far) of \(selection(set)) in \(set.site.path):\(set.site.line) "
          + (rule.action == .warn ? "warns of it" : "denies it"),
        description(of: target, dependency),
      ],
      remedies: [
        "remove the dependency, or put a rule that allows \"\(pattern(set, target, dependency))\" before this one"
      ])
  }

  private static func unmatched(
    _ set: VisibilityRuleSet, _ target: VisibilitySubject, _ dependency: VisibilitySubject
  ) -> Diagnostic {
    let far = set.direction == .dependencies ? "dependencies" : "dependents"
    return Diagnostic(
      .input, "\"\(target.address)\" must not depend on \"\(dependency.address)\"",
      at: set.site.location(position: set.position, text: set.selectors.first ?? ""),
      notes: [
        "no rule for the \(far) of \(selection(set)) in \(set.site.path):\(set.site.line) matches",
        description(of: target, dependency),
      ],
      remedies: ["add \"\(pattern(set, target, dependency))\" to the rules, or \"*\" at their end"])
  }

  private static func selection(_ set: VisibilityRuleSet) -> String {
    set.selectors.map { "\"\($0)\"" }.joined(separator: ", ")
  }

  private static func pattern(
    _ set: VisibilityRuleSet, _ target: VisibilitySubject, _ dependency: VisibilitySubject
  ) -> String {
    "//" + (set.direction == .dependencies ? dependency.path : target.path)
  }

  private static func description(of target: VisibilitySubject, _ dependency: VisibilitySubject) -> String {
    "\"\(target.address)\" is a \(target.typeName), \"\(dependency.address)\" a \(dependency.typeName)"
  }
}

extension VisibilitySubject {
  /// The facts about a target that rules match: for a generated one, the type, the name and the tags of its generator.
  init(_ target: Target, in graph: TargetGraph) {
    let declared = target.generator.map { graph[$0] } ?? target
    self.init(address: target.address, typeName: declared.typeName, type: declared.type, tags: target.tags)
  }
}

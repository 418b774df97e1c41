public import BuildCommands
public import TargetGraph

extension TargetBuilder {
  /// Builds the inputs of tests first, with build steps side by side.
  ///
  /// - Returns: by the tests' targets; nothing for a test without such inputs.
  public func made(for plans: [TestPlan], jobs: Int) throws -> [TargetID: GeneratedFiles] {
    var made: [TargetID: GeneratedFiles] = [:]
    let needy = plans.filter { !$0.made.isEmpty || !$0.packages.isEmpty || !$0.projects.isEmpty }
    let byTarget = Dictionary(needy.map { ($0.target, $0) }, uniquingKeysWith: { first, _ in first })
    try together(needy.map(\.target), jobs: jobs) { id in
      guard let plan = byTarget[id] else { return }
      made[id] = try self.made(plan.made, packages: plan.packages, projects: plan.projects, for: plan.address)
    }
    return made
  }
}

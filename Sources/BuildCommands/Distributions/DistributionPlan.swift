internal import Actions
internal import BuildFiles
internal import ContentStore
internal import Diagnostics
internal import PythonPackaging
internal import SystemSupport
internal import TargetGraph
internal import Workspace

/// The inputs of a `python_distribution`: its files, its requirements, its entry points.
struct DistributionPlan {
  var target: Target
  var name: String
  var version: String
  /// Python files, generated ones included, by path from the workspace root.
  var modules = ActionInputs()
  var resources = ActionInputs()
  /// Files that are not part of the Python packages, such as a README: the build can read them.
  var files = ActionInputs()
  /// Requirements of the code, and the distributions of the workspace that it imports, sorted.
  var requires: [String] = []
}

extension TargetBuilder {
  /// Computes the contents of a distribution.
  ///
  /// - Throws: `Diagnostic` for a file that no distribution owns.
  func distributionPlan(_ id: TargetID) throws -> DistributionPlan {
    let target = graph[id]
    let arguments = try artifact(of: target)
    var plan = DistributionPlan(
      target: target, name: try required("name", arguments, target), version: try required("version", arguments, target)
    )
    var requires: Set<String> = []
    for dependency in try distributions.closure(of: id, resolver).sorted() {
      let part = graph[dependency]
      switch part.type {
      case .pythonSource, .pythonTest, .resource, .wrapAsPythonSources, .wrapAsResources:
        guard let owner = try distributions.owner(of: dependency, resolver) else { throw noOwner(dependency, plan) }
        if owner != id {
          let other = try artifact(of: graph[owner])
          requires.insert(
            try required("name", other, graph[owner]) + "==" + required("version", other, graph[owner]))
        } else if part.type == .resource || part.type == .wrapAsResources {
          try plan.resources.merge(try self.files(of: dependency))
        } else {
          try plan.modules.merge(try self.files(of: dependency))
        }
        guard owner == id else { continue }
        for direct in try resolver.dependencies(of: dependency) { requires.formUnion(requirements(of: direct)) }
      case .file, .relocatedFiles, .wrapAsFiles, .shellCommand, .adhocTool:
        try plan.files.merge(try self.files(of: dependency))
      default: continue
      }
    }
    try addPackageFiles(to: &plan, of: id)
    for direct in try resolver.dependencies(of: id) { requires.formUnion(requirements(of: direct)) }
    plan.requires = requires.sorted()
    return plan
  }

  /// Adds the files that make packages of the directories of a distribution's files, but for those that belong to another
  /// distribution which it depends on.
  private func addPackageFiles(to plan: inout DistributionPlan, of id: TargetID) throws {
    let directories = Set((plan.modules.tree.paths + plan.resources.tree.paths).map { Paths.parent($0) })
    let closure = try distributions.closure(of: id, resolver)
    for path in try resolver.packageFiles(inAndAbove: directories) where plan.modules.tree[path] == nil {
      let owners = graph.files.file(at: path).map { graph.owners(of: $0) } ?? []
      if try owners.contains(where: { try closure.contains($0) && distributions.owner(of: $0, resolver) != id }) {
        continue
      }
      try plan.modules.add(file: workspace.root.appending(path), at: path)
    }
  }

  /// The arguments of a distribution's `provides`.
  func artifact(of target: Target) throws -> [FieldValue.Entry] {
    guard case .object(_, let arguments) = target.value(of: "provides") else {
      throw Diagnostic(
        .input, "\"\(target.address)\" does not say what it provides",
        at: target.declaration.site.location(field: "provides"),
        remedies: ["write provides=python_artifact(name=\"…\", version=\"…\")"])
    }
    return arguments
  }

  private func required(_ name: String, _ arguments: [FieldValue.Entry], _ target: Target) throws -> String {
    if let text = arguments.first(where: { $0.key == .string(name) })?.value.string { return text }
    throw Diagnostic(
      .input, "python_artifact of \"\(target.address)\" lacks its \(name)",
      at: target.declaration.site.location(field: "provides"),
      notes: workspace.configuration.pluginPaths.isEmpty
        ? [] : ["a plugin of the repository may add it in Pants; Kilt runs no plugins"],
      remedies: ["write python_artifact(…, \(name)=\"…\")"])
  }

  private func requirements(of id: TargetID) -> [String] {
    let members = graph[id].isGenerator ? graph.generated(by: id) : [id]
    return members.filter { graph[$0].type == .pythonRequirement }.flatMap { graph[$0].strings(of: "requirements") }
  }

  private func noOwner(_ id: TargetID, _ plan: DistributionPlan) -> Diagnostic {
    let address = graph.address(of: id)
    return Diagnostic(
      .input, "\"\(plan.target.address)\" depends on \"\(address)\", which belongs to no distribution",
      at: plan.target.declaration.site.location(),
      notes: ["a file belongs to the nearest python_distribution in its directory or above that depends on it"],
      remedies: [
        "declare a python_distribution in \"\(address.directory)\" or above it that depends on it",
        "run `kilt paths --from \(plan.target.address) --to \(address)` to see why it is needed",
      ])
  }
}

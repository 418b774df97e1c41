internal import BuildFiles
internal import Diagnostics
internal import Workspace

extension DependencyResolver {
  /// The direct and transitive inputs of targets' products. Tools of a command, contents of a product and wrapped or
  /// relocated files belong only to their target: they do not become part of its dependents.
  public func buildDependencies(of ids: [TargetID]) throws -> [TargetID] {
    // Most workspaces have none of the types that make a difference: then the closure is the one there is.
    let all = try transitiveDependencies(of: ids)
    guard (all + ids).contains(where: { hasInnerDependencies($0) }) else { return all }
    let allowed = Set(all)
    var reached: Set<TargetID> = []
    var pending = ids
    while let id = pending.popLast() {
      for dependency in try outerDependencies(of: id) where allowed.contains(dependency) {
        if reached.insert(dependency).inserted { pending.append(dependency) }
      }
    }
    return reached.sorted()
  }

  private func hasInnerDependencies(_ id: TargetID) -> Bool {
    switch graph[id].type {
    case .shellCommand, .runShellCommand, .adhocTool, .archive, .relocatedFiles, .wrapAsFiles, .wrapAsPythonSources,
      .wrapAsResources, .systemBinary:
      true
    default: false
    }
  }

  private func outerDependencies(of id: TargetID) throws -> [TargetID] {
    guard hasInnerDependencies(id) else { return try dependencies(of: id) }
    let target = graph[id]
    var found: Set<TargetID> = []
    for field in ["dependencies", "output_dependencies"] where target.type.field(named: field) != nil {
      for text in target.strings(of: field) where !text.hasPrefix("!") {
        found.formUnion(try graph.targets(named: text, in: field, of: target))
      }
    }
    return found.sorted()
  }
}

extension TargetGraph {
  /// The targets that an address in a field names.
  ///
  /// - Throws: `Diagnostic` for an address that does not exist, with its location in the BUILD file.
  public func targets(named text: String, in field: String, of target: Target) throws -> [TargetID] {
    try lookUp(text, field: field, of: target, written: text)
  }
}

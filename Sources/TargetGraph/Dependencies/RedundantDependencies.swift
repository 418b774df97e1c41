internal import BuildFiles

extension DependencyResolver {
  /// The entries of a `dependencies` field, of a target or of `overrides`, that inference makes redundant for all
  /// targets that share the field.
  ///
  /// An entry is redundant if inferred dependencies alone lead from each of these targets to everything that the entry
  /// names, the targets of a generator one by one. So all redundant entries of a workspace can be removed together, and
  /// the transitive dependencies of each target stay the same. Exclusions are never redundant, nor are entries that
  /// settle an ambiguity.
  ///
  /// - Throws: as ``dependencies(of:)``.
  public func redundantEntries(_ entries: [String], takenBy takers: [TargetID]) throws -> [String] {
    var redundant = entries.filter { !$0.hasPrefix("!") }
    guard !takers.isEmpty else { return [] }
    for taker in takers where !redundant.isEmpty {
      let explicit = try explicit(of: taker)
      try readImports(of: [taker])
      _ = try inferredAlone(taker)
      let settling = settledByNaming[taker] ?? []
      var reached: Set<TargetID>?
      redundant = try redundant.filter { text in
        let named = try graph.lookUp(text, field: "dependencies", of: graph[taker], written: text)
          .filter { explicit.included.contains($0) }
        let all = expandingGenerators(named)
        guard !all.isEmpty, settling.isDisjoint(with: all), settling.isDisjoint(with: named) else { return false }
        if reached == nil { reached = try reachedByInference(from: taker) }
        return all.allSatisfy { reached?.contains($0) ?? false }
      }
    }
    return redundant
  }

  /// All targets that inferred dependencies reach from a target.
  private func reachedByInference(from id: TargetID) throws -> Set<TargetID> {
    var reached: Set<TargetID> = []
    var level = [id]
    while !level.isEmpty {
      try readImports(of: level)
      var next: [TargetID] = []
      for id in level {
        for dependency in try inferredAlone(id) where reached.insert(dependency).inserted { next.append(dependency) }
      }
      level = next
    }
    return reached
  }

  /// The inferred dependencies of a target, without those that its field excludes; the generated targets of a generator
  /// are not inferred.
  private func inferredAlone(_ id: TargetID) throws -> [TargetID] {
    if let known = inferredEdges[id] { return known }
    var found: [TargetID] = []
    if !graph.isGenerator(id) {
      let explicit = try explicit(of: id)
      found = try inferred(for: id, explicit).filter { $0 != id && !explicit.excludes($0, in: graph) }
    }
    inferredEdges[id] = found
    return found
  }
}

internal import BuildFiles
internal import Diagnostics

/// An entry of a `dependencies` field that can be taken away: inference alone leads to all that it names.
public struct RedundantDependency: Sendable, Hashable {
  /// The target whose field in a BUILD file has the entry.
  public var target: TargetID
  /// The entry as it is written.
  public var text: String
}

extension DependencyResolver {
  /// The entries of the `dependencies` field of a declared target that inference makes redundant.
  ///
  /// An entry is redundant when everything it names, the targets of a generator one by one, is reached from every target that
  /// takes the field along inferred dependencies alone. So all redundant entries of a workspace can be taken away together,
  /// and what each target depends on, directly or not, stays what it is. Exclusions are never redundant, nor are entries that
  /// settle an ambiguity.
  ///
  /// - Parameter id: a target that is not generated; for others there is no field, and the answer is empty.
  /// - Throws: as ``dependencies(of:)``.
  public func redundantDependencies(of id: TargetID) throws -> [RedundantDependency] {
    let target = graph[id]
    guard target.generator == nil else { return [] }
    let takers = graph.isGenerator(id) ? graph.generated(by: id).filter { !graph[$0].hasOwnDependencies } : [id]
    return try redundantEntries(target.strings(of: "dependencies"), takenBy: takers).map {
      RedundantDependency(target: id, text: $0)
    }
  }

  /// The entries of a `dependencies` field that inference makes redundant for all targets that take the field along: see
  /// ``redundantDependencies(of:)``. A field in `overrides` is one as well.
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

  /// All that inferred dependencies lead to from a target.
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

  /// What inference gives for a target, less what its field excludes; what a generator generates is no inference.
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

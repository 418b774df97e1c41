internal import BuildFiles
internal import TargetGraph

/// The edits of one `dependencies` field: one kind at a time.
struct FieldMends {
  /// The target, for messages.
  var target: String
  /// The entries that inference makes redundant.
  var redundant: [String] = []
  /// The added entries.
  var settled: [Settlement] = []
  /// The dependencies that targets gain through them.
  var gains: [(taker: TargetID, provider: TargetID)] = []
  /// Ambiguities that no exclusion settles: other modules need each of the providers.
  var unsettled: [Ambiguity] = []

  var isEmpty: Bool { redundant.isEmpty && settled.isEmpty }
}

/// An entry that excludes one of several providers, so that inference uses another.
struct Settlement {
  /// The entry, with `!`.
  var entry: String
  /// The modules that they provide.
  var need: String
  /// The provider that is left.
  var provider: TargetID
}

extension MendingRound {
  /// The ambiguities, by the targets that need them.
  static func ambiguities(of resolver: DependencyResolver) -> [TargetID: [Ambiguity]] {
    var found: [TargetID: [Ambiguity]] = [:]
    for ambiguity in resolver.ambiguities {
      for place in ambiguity.places { found[place.target, default: []].append(ambiguity) }
    }
    return found
  }

  /// The edits of a field that these targets share.
  func mends(_ target: String, _ entries: [String], takenBy takers: [TargetID]) throws -> FieldMends {
    var mends = FieldMends(target: target)
    switch kind {
    case .removal: mends.redundant = try resolver.redundantEntries(entries, takenBy: takers)
    case .settling: settle(&mends, takers)
    }
    return mends
  }

  /// Of providers of several modules, the one that was chosen for the first stays for the next.
  private func settle(_ mends: inout FieldMends, _ takers: [TargetID]) {
    var taken: Set<TargetID> = []
    var excluded: Set<TargetID> = []
    let all = Set(takers.flatMap { ambiguities[$0] ?? [] })
    /// Whether a module needs a provider, because all its others are excluded.
    func isNeeded(_ provider: TargetID) -> Bool {
      taken.contains(provider)
        || all.contains { $0.providers.allSatisfy { $0 == provider || excluded.contains($0) } }
    }
    for taker in takers {
      for ambiguity in ambiguities[taker] ?? [] {
        let rest = ambiguity.providers.filter { !excluded.contains($0) }
        let field = graph.dependenciesField(of: taker).target
        let proposal = resolver.proposal(for: ambiguity, in: field)
        guard let provider = rest.first(where: taken.contains) ?? rest.first(where: { $0 == proposal }) ?? rest.first
        else { continue }
        let kept = resolver.providers(of: ambiguity, with: provider)
        taken.formUnion(kept)
        let others = ambiguity.providers.filter { !kept.contains($0) }
        let entries = resolver.settlingEntries(ambiguity, for: field, choosing: provider)
        if others.contains(where: { !excluded.contains($0) && isNeeded($0) }) {
          mends.unsettled.append(ambiguity)
          continue
        }
        mends.gains += kept.map { (taker, $0) }
        for (entry, other) in zip(entries, others) {
          guard excluded.insert(other).inserted else { continue }
          let need = ambiguity.needs.map(\.text).joined(separator: ", ")
          mends.settled.append(Settlement(entry: entry, need: need, provider: provider))
        }
      }
    }
  }
}

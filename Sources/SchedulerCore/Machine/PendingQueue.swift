internal import JobModel

/// Pending tasks by their needs: if the first of those with the same needs finds no place, none of them does.
struct PendingQueue: Sendable {
  /// The requirements of a place. Tasks with equal needs fit or do not fit together.
  struct Need: Sendable, Hashable {
    var resources: Resources
    var ports: Int
    var constraints: [PlacementConstraint]
    /// The job, when a constraint counts its instances.
    var job: JobKey?
    /// Whether a place is kept for it, and where.
    var hasClaim: Bool
    var claimedHost: String?

    init(_ task: TaskRecord) {
      let configuration = task.configuration
      resources = configuration.task.resources
      ports = task.shared.requiredPorts.count
      constraints = configuration.constraints
      hasClaim = task.keepsPlace
      claimedHost = task.keepsPlace ? task.host : nil
      job = constraints.contains { if case .limit = $0.rule { true } else { false } } ? task.job : nil
    }
  }

  /// First those whose place is kept, then by priority, then who has waited longest.
  private struct Rank: Sendable, Hashable, Comparable {
    var priority: Int
    var since: Timestamp
    var sequence: Int
    var id: TaskID

    static func < (left: Rank, right: Rank) -> Bool {
      if left.priority != right.priority { return left.priority > right.priority }
      if left.since != right.since { return left.since < right.since }
      return left.sequence < right.sequence
    }
  }

  private struct Group: Sendable {
    /// Sorted; the first is at the end, from where it is taken.
    var ranks: [Rank] = []

    mutating func insert(_ rank: Rank) { ranks.insert(rank, at: position(rank)) }

    mutating func remove(_ rank: Rank) {
      let index = position(rank)
      if ranks.indices.contains(index), ranks[index] == rank { ranks.remove(at: index) }
    }

    /// The index of the rank, existing or not.
    private func position(_ rank: Rank) -> Int {
      var low = 0
      var high = ranks.count
      while low < high {
        let middle = (low + high) / 2
        if rank < ranks[middle] { low = middle + 1 } else { high = middle }
      }
      return low
    }
  }

  private var groups: [Need: Group] = [:]
  private var places: [TaskID: (need: Need, rank: Rank)] = [:]
  /// Needs for which no place was searched since something has changed.
  private var due: Set<Need> = []

  var isEmpty: Bool { places.isEmpty }

  mutating func insert(_ task: TaskRecord) {
    let need = Need(task)
    let rank = Rank(
      priority: task.configuration.priority, since: task.since, sequence: task.sequence, id: task.id)
    if let place = places[task.id] {
      if place.need == need, place.rank == rank { return }
      remove(task.id)
    }
    places[task.id] = (need, rank)
    groups[need, default: Group()].insert(rank)
    due.insert(need)
  }

  mutating func remove(_ id: TaskID) {
    guard let place = places.removeValue(forKey: id) else { return }
    groups[place.need]?.remove(place.rank)
    if groups[place.need]?.ranks.isEmpty == true {
      groups[place.need] = nil
      due.remove(place.need)
    }
  }

  /// A place has become free, or the host has changed: everybody tries again.
  mutating func retryAll() { due = Set(groups.keys) }

  /// The next task to search a place for; nil if none could find one.
  func next() -> (need: Need, id: TaskID)? {
    var best: (need: Need, rank: Rank)?
    for need in due {
      guard let rank = groups[need]?.ranks.last else { continue }
      if let other = best, !precedes((need, rank), other) { continue }
      best = (need, rank)
    }
    return best.map { ($0.need, $0.rank.id) }
  }

  private func precedes(_ left: (need: Need, rank: Rank), _ right: (need: Need, rank: Rank)) -> Bool {
    left.need.hasClaim != right.need.hasClaim ? left.need.hasClaim : left.rank < right.rank
  }

  /// The first task of each need found no place.
  mutating func giveUp(_ need: Need) { due.remove(need) }

  /// The first task of each need.
  var heads: [TaskID] { groups.values.compactMap { $0.ranks.last?.id } }
}

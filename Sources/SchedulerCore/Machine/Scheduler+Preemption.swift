internal import JobModel

// Aurora's preemption: a task that has waited long enough replaces a task that counts less.
extension Scheduler {
  /// Looks again when the first of those that wait will have waited long enough, if there is anybody to make room.
  mutating func schedulePreemption() {
    guard !pending.isEmpty, !state.index.placed.isEmpty else { return timers.set(.preemption, nil) }
    var next: Timestamp?
    for id in pending.heads {
      guard let task = state.tasks[id], !task.keepsPlace else { continue }
      // Tried in vain already: again after a while.
      let due = max(task.since + policy.preemptionDelay, (preemptedAt ?? task.since) + policy.preemptionDelay)
      next = next.map { min($0, due) } ?? due
    }
    timers.set(.preemption, next)
  }

  /// Makes room for those that have waited long enough: their place is kept for them, and the tasks that have it are
  /// asked to end.
  mutating func preempt() {
    preemptedAt = now
    guard state.drain == nil else { return }
    for id in pending.heads.sorted() {
      guard let task = state.tasks[id], !task.keepsPlace, now >= task.since + policy.preemptionDelay,
        let (host, victims) = victims(for: task)
      else { continue }
      var candidate = task
      candidate.keepsPlace = true
      candidate.host = host.id.isEmpty ? nil : host.id
      put(candidate)
      for victim in victims { move(victim.id, to: .preempting, message: "preempted by \(task.instanceKey)") }
    }
    schedulePreemption()
  }

  /// Whether a task can replace another.
  func outranks(_ task: TaskRecord, _ victim: TaskRecord) -> Bool {
    let own = task.shared.value
    let other = victim.shared.value
    if own.key.role == other.key.role, own.priority > other.priority { return true }
    return own.tier == .preferred && other.tier != .preferred
  }

  /// The host that costs least, and the tasks there that must end.
  private func victims(for task: TaskRecord) -> (HostOffer, [TaskRecord])? {
    var best: (HostOffer, [TaskRecord])?
    for host in state.hosts where host.admission == .open && state.constraintReason(task, host) == nil {
      guard let victims = victims(for: task, on: host), victims.count < best?.1.count ?? .max else { continue }
      best = (host, victims)
    }
    return best
  }

  /// The tasks that must end so that a task fits: the ones that count least, and no more than needed. Nil when there are
  /// not enough of them, or when something else than resources is missing.
  private func victims(for task: TaskRecord, on host: HostOffer) -> [TaskRecord]? {
    let need = task.shared.value.task.resources
    let load = state.index.loads[host.id] ?? StateIndex.Load()
    var free = host.resources - load.used - load.claimed
    func fits(_ free: Resources) -> Bool {
      need.milliCPU <= free.milliCPU && need.ram <= free.ram && need.disk <= free.disk
    }
    if fits(free) { return nil }
    let candidates = state.placedTasks.filter {
      $0.hostID == host.id && !$0.awaitsEnd && !TaskTransitions.isEnding($0.status) && $0.status != .partitioned
        && outranks(task, $0)
    }.sorted { left, right in
      let (one, other) = (left.shared.value, right.shared.value)
      if (one.tier == .revocable) != (other.tier == .revocable) { return one.tier == .revocable }
      if one.priority != other.priority { return one.priority < other.priority }
      return left.sequence > right.sequence
    }
    var victims: [TaskRecord] = []
    for candidate in candidates where !fits(free) {
      victims.append(candidate)
      free = free + candidate.shared.value.task.resources
    }
    guard fits(free) else { return nil }
    // Those that the later ones made unnecessary.
    for victim in victims {
      let without = free - victim.shared.value.task.resources
      guard fits(without), let index = victims.firstIndex(where: { $0.id == victim.id }) else { continue }
      free = without
      victims.remove(at: index)
    }
    return victims
  }
}

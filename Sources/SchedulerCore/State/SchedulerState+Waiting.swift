internal import JobModel

// The reason why a task has no place: computed on request, so that nothing is written while it waits.
extension SchedulerState {
  /// The resource that a pending or throttled task waits for, for people; nil for any other task, and for one that is
  /// about to be placed.
  public func waitReason(of task: TaskRecord) -> String? {
    switch task.status {
    case .throttled:
      return task.message
    case .pending:
      guard !hosts.isEmpty else { return "no host has offered itself yet" }
      if drain != nil { return "the host is being drained" }
      return placeReason(of: task)
    default: return nil
    }
  }

  /// What keeps a pending task from every host, for people; nil when one of them has room.
  private func placeReason(of task: TaskRecord) -> String? {
    var reasons: [String] = []
    for host in hosts {
      guard let reason = waitReason(of: task, on: host) ?? portReason(task, host) else { return nil }
      if host.id.isEmpty { return reason }
      reasons.append("\(host.hostname): \(reason)")
    }
    let others = reasons.count - Self.toldHosts
    return reasons.prefix(Self.toldHosts).joined(separator: "; ") + (others > 0 ? "; and \(others) more hosts" : "")
  }

  /// Of how many hosts it is told what they lack.
  private static let toldHosts = 4

  /// The hosts in the order in which a place is looked for: the one whose place is kept, then those with the smallest
  /// share taken of what the task needs most of. The host that lost the instance comes last.
  func hostsByPreference(of task: TaskRecord) -> [HostOffer] {
    if hosts.count < 2 { return hosts }
    let ancestor = task.ancestor.flatMap { tasks[$0] }
    let avoided = ancestor?.status == .lost ? ancestor?.host : nil
    let need = task.shared.value.task.resources
    func share(_ host: HostOffer) -> Double {
      let used = usedResources(of: host.id)
      func part(_ amount: Int, _ total: Int) -> Double { Double(amount) / Double(max(total, 1)) }
      return max(
        part(used.milliCPU + need.milliCPU, host.resources.milliCPU), part(used.ram + need.ram, host.resources.ram))
    }
    let ranked = hosts.map { host in
      (host, isKept: task.claimsPlace && host.id == task.hostID, isAvoided: host.id == avoided, share: share(host))
    }
    return ranked.sorted { left, right in
      if left.isKept != right.isKept { return left.isKept }
      if left.isAvoided != right.isAvoided { return right.isAvoided }
      return (left.share, left.0.id) < (right.share, right.0.id)
    }.map(\.0)
  }

  /// What keeps a pending task from a host, but for ports.
  func waitReason(of task: TaskRecord, on host: HostOffer) -> String? {
    if let predecessor = index.jobs[task.job]?.unfenced[task.instance]?.min() {
      return "waits until nothing is left of \(predecessor)"
    }
    switch host.admission {
    case .open: break
    case .closed: return "the host accepts no tasks"
    case .draining: return "the host is being drained"
    }
    let configuration = task.shared.value
    if !configuration.constraints.isEmpty, let reason = constraintReason(task, host) { return reason }
    let needed = configuration.task.resources
    // What is kept for those who had it is not free for others.
    let load = index.loads[host.id] ?? StateIndex.Load()
    let kept = task.keepsPlace && task.hostID == host.id ? Resources.zero : load.claimed
    let free = host.resources - load.used - kept
    guard let missing = shortage(of: needed, free: free, of: host.resources) else { return nil }
    if kept != .zero, shortage(of: needed, free: host.resources - load.used, of: host.resources) == nil {
      return missing + " (what else is free is kept for instances that restart)"
    }
    return missing
  }

  private func portReason(_ task: TaskRecord, _ host: HostOffer) -> String? {
    let names = task.shared.requiredPorts
    guard !names.isEmpty else { return nil }
    let used = index.loads[host.id]?.ports ?? []
    let free = host.ports.count { !used.contains($0) && !host.reservedPorts.contains($0) }
    guard free < names.count else { return nil }
    return "needs \(names.count) ports, \(free) of \(host.ports.lowerBound)-\(host.ports.upperBound) are free"
  }

  func constraintReason(_ task: TaskRecord, _ host: HostOffer) -> String? {
    for constraint in task.shared.value.constraints {
      let name = constraint.attribute
      let placed = instances(of: task.job, sharing: name, with: host)
      guard !constraint.isMet(on: host.allAttributes, instances: placed + 1) else { continue }
      guard let value = host.allAttributes[name] else {
        return "needs \(name) \"\(constraint.text)\": the host has no such attribute"
      }
      if case .limit = constraint.rule {
        return "\(placed) instances of the job are on the host, and \(name) \"\(constraint.text)\" allows no more"
      }
      return "needs \(name) \"\(constraint.text)\": the host has \"\(value)\""
    }
    return nil
  }

  /// How many instances of a job have a place on hosts with the same value of an attribute.
  private func instances(of job: JobKey, sharing attribute: String, with host: HostOffer) -> Int {
    guard let entry = index.jobs[job] else { return 0 }
    if hosts.count < 2 { return entry.placed }
    let value = host.allAttributes[attribute]
    let alike = Set(hosts.filter { $0.allAttributes[attribute] == value }.map(\.id))
    return entry.tasks.count { id in tasks[id].map { $0.holdsPlace && alike.contains($0.hostID) } ?? false }
  }

  /// What of `needed` the host lacks, for people; nil when all of it is there.
  private func shortage(of needed: Resources, free: Resources, of total: Resources) -> String? {
    if needed.milliCPU <= free.milliCPU, needed.ram <= free.ram, needed.disk <= free.disk { return nil }
    var missing: [String] = []
    func check(_ name: String, _ need: Int, _ free: Int, _ total: Int, _ text: (Int) -> String) {
      guard need > free else { return }
      let limit = need > total ? "the host has \(text(total))" : "\(text(max(0, free))) of \(text(total)) is free"
      missing.append("needs \(text(need)) \(name), \(limit)")
    }
    let mebibytes = { (bytes: Int) in "\(bytes >> 20) MiB" }
    check("CPU", needed.milliCPU, free.milliCPU, total.milliCPU) { "\(Double($0) / 1000)" }
    check("RAM", needed.ram, free.ram, total.ram, mebibytes)
    check("disk", needed.disk, free.disk, total.disk, mebibytes)
    return missing.joined(separator: "; ")
  }
}

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
      guard let host else { return "no host has offered itself yet" }
      if drain != nil { return "the host is being drained" }
      return waitReason(of: task, on: host) ?? portReason(task, host)
    default: return nil
    }
  }

  /// What keeps a pending task from a host, but for ports.
  func waitReason(of task: TaskRecord, on host: HostOffer) -> String? {
    if let predecessor = index.jobs[task.job]?.unfenced[task.instance]?.min() {
      return "waits until nothing is left of \(predecessor)"
    }
    let configuration = task.shared.value
    if !configuration.constraints.isEmpty, let reason = constraintReason(task, host) { return reason }
    let needed = configuration.task.resources
    // What is kept for those who had it is not free for others.
    let kept = task.keepsPlace ? Resources.zero : index.claimed
    let free = host.resources - index.used - kept
    guard let missing = shortage(of: needed, free: free, of: host.resources) else { return nil }
    if kept != .zero, shortage(of: needed, free: host.resources - index.used, of: host.resources) == nil {
      return missing + " (what else is free is kept for instances that restart)"
    }
    return missing
  }

  private func portReason(_ task: TaskRecord, _ host: HostOffer) -> String? {
    let names = task.shared.requiredPorts
    guard !names.isEmpty else { return nil }
    let free = host.ports.count { !index.ports.contains($0) && !host.reservedPorts.contains($0) }
    guard free < names.count else { return nil }
    return "needs \(names.count) ports, \(free) of \(host.ports.lowerBound)-\(host.ports.upperBound) are free"
  }

  func constraintReason(_ task: TaskRecord, _ host: HostOffer) -> String? {
    let placed = index.jobs[task.job]?.placed ?? 0
    for constraint in task.shared.value.constraints {
      let name = constraint.attribute
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

internal import JobModel

extension Scheduler {
  mutating func takeOffers(_ offers: [HostOffer]) {
    let offers = offers.sorted { $0.id < $1.id }
    guard offers != state.hosts else { return }
    let drained = { (hosts: [HostOffer]) in Set(hosts.filter { $0.admission == .draining }.map(\.id)) }
    let (before, after) = (drained(state.hosts), drained(offers))
    state.hosts = offers
    pending.retryAll()
    if before != after {
      withdrawDrains(except: after)
      touched.formUnion(state.index.jobs.keys)
    }
  }

  /// Gives pending tasks a place: first those whose place is kept for them, then by priority, then who has waited
  /// longest. One that does not fit keeps no other from its place; `SchedulerState.waitReason` says what is missing.
  mutating func placePending() {
    guard !state.hosts.isEmpty, state.drain == nil else { return }
    while let next = pending.next() {
      guard let task = state.tasks[next.id], task.status == .pending, let place = place(for: task) else {
        pending.giveUp(next.need)
        continue
      }
      state.nextPort = place.nextPort
      assign(task, ports: place.ports, on: place.host)
    }
    schedulePreemption()
  }

  private struct Place {
    var host: HostOffer
    var ports: [String: Int]
    var nextPort: Int
  }

  /// The first host that has room, and ports there.
  private func place(for task: TaskRecord) -> Place? {
    for host in state.hostsByPreference(of: task)
    where state.waitReason(of: task, on: host) == nil || plants(.ignoresLeftovers) {
      if let (ports, next) = allot(task.shared.requiredPorts, of: host) {
        return Place(host: host, ports: ports, nextPort: next)
      }
    }
    return nil
  }

  private mutating func assign(_ task: TaskRecord, ports: [String: Int], on host: HostOffer) {
    var task = task
    task.ports = ports
    task.host = host.id.isEmpty ? nil : host.id
    put(task)
    move(task.id, to: .assigned)
    if let task = state.tasks[task.id] { effects.append(.launch(task.assignment(on: host))) }
  }

  /// A free port for each name and where the next search begins, or nil. The search goes round, so that a port just freed
  /// rests for a while.
  private func allot(_ names: [String], of host: HostOffer) -> (ports: [String: Int], next: Int)? {
    if names.isEmpty { return ([:], state.nextPort) }
    let used = state.index.loads[host.id]?.ports ?? []
    var ports: [String: Int] = [:]
    var candidate = host.ports.contains(state.nextPort) ? state.nextPort : host.ports.lowerBound
    var tried = 0
    for name in names {
      while tried < host.ports.count, used.contains(candidate) || host.reservedPorts.contains(candidate) {
        candidate = candidate == host.ports.upperBound ? host.ports.lowerBound : candidate + 1
        tried += 1
      }
      guard tried < host.ports.count else { return nil }
      ports[name] = candidate
      candidate = candidate == host.ports.upperBound ? host.ports.lowerBound : candidate + 1
      tried += 1
    }
    return (ports, candidate)
  }
}

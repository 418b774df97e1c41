internal import JobModel

extension Scheduler {
  mutating func takeOffer(_ offer: HostOffer) {
    guard offer != state.host else { return }
    state.host = offer
    pending.retryAll()
  }

  /// Gives pending tasks a place: first those whose place is kept for them, then by priority, then who has waited
  /// longest. One that does not fit keeps no other from its place; `SchedulerState.waitReason` says what is missing.
  mutating func placePending() {
    guard let host = state.host, state.drain == nil else { return }
    while let next = pending.next() {
      guard let task = state.tasks[next.id], task.status == .pending,
        state.waitReason(of: task, on: host) == nil || plants(.ignoresLeftovers),
        let ports = allot(task.shared.requiredPorts, of: host)
      else {
        pending.giveUp(next.need)
        continue
      }
      assign(task, ports: ports, on: host)
    }
    schedulePreemption()
  }

  private mutating func assign(_ task: TaskRecord, ports: [String: Int], on host: HostOffer) {
    var task = task
    task.ports = ports
    put(task)
    move(task.id, to: .assigned)
    if let task = state.tasks[task.id] { effects.append(.launch(task.assignment(hostname: host.hostname))) }
  }

  /// A free port for each name, or nil. The search goes round, so that a port just freed rests for a while.
  private mutating func allot(_ names: [String], of host: HostOffer) -> [String: Int]? {
    if names.isEmpty { return [:] }
    let used = state.index.ports
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
    state.nextPort = candidate
    return ports
  }
}

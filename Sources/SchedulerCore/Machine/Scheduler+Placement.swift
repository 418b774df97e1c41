internal import JobModel

extension Scheduler {
  /// Gives pending tasks a place: higher priority first, then who has waited longest. One that does not fit keeps no
  /// other from its place; it says what is missing.
  mutating func placePending() {
    let pending = state.activeTasks.filter { $0.status == .pending }
      .sorted {
        ($1.configuration.priority, $0.since, $0.sequence) < ($0.configuration.priority, $1.since, $1.sequence)
      }
    guard !pending.isEmpty else { return }
    guard let host = state.host else {
      for task in pending { wait(task, "no host has offered itself yet") }
      return
    }
    let placed = state.placedTasks
    var used = placed.reduce(Resources.zero) { $0 + $1.configuration.task.resources }
    var usedPorts = host.reservedPorts.union(placed.flatMap(\.ports.values))
    // An instance of which something may be left starts no second copy.
    let blocked = Dictionary(
      state.unfenced.sorted().compactMap { state.tasks[$0] }.map { ($0.instanceKey, $0.id) },
      uniquingKeysWith: { first, _ in first })
    for task in pending {
      if let predecessor = blocked[task.instanceKey] {
        wait(task, "waits until nothing is left of \(predecessor)")
        continue
      }
      let needed = task.configuration.task.resources
      if let missing = shortage(of: needed, free: host.resources - used, of: host.resources) {
        wait(task, missing)
        continue
      }
      guard let ports = allot(task.configuration.requiredPorts, of: host, used: usedPorts) else {
        wait(task, "no free port in \(host.ports.lowerBound)-\(host.ports.upperBound)")
        continue
      }
      var task = task
      task.ports = ports
      put(task)
      move(task.id, to: .assigned)
      used += needed
      usedPorts.formUnion(ports.values)
      effects.append(.launch(task.assignment(hostname: host.hostname)))
    }
  }

  private mutating func wait(_ task: TaskRecord, _ reason: String) {
    guard task.message != reason else { return }
    var task = task
    task.message = reason
    put(task)
  }

  /// What of `needed` the host lacks, for people; nil when all of it is there.
  private func shortage(of needed: Resources, free: Resources, of total: Resources) -> String? {
    var missing: [String] = []
    func check(_ name: String, _ need: Int, _ free: Int, _ total: Int, _ text: (Int) -> String) {
      guard need > free else { return }
      missing.append("needs \(text(need)) \(name), \(text(max(0, free))) of \(text(total)) is free")
    }
    let mebibytes = { (bytes: Int) in "\(bytes >> 20) MB" }
    check("CPU", needed.milliCPU, free.milliCPU, total.milliCPU) { "\(Double($0) / 1000)" }
    check("RAM", needed.ram, free.ram, total.ram, mebibytes)
    check("disk", needed.disk, free.disk, total.disk, mebibytes)
    return missing.isEmpty ? nil : missing.joined(separator: "; ")
  }

  /// A free port for each name, or nil. The search goes round, so that a port just freed rests for a while.
  private mutating func allot(_ names: [String], of host: HostOffer, used: Set<Int>) -> [String: Int]? {
    var ports: [String: Int] = [:]
    var candidate = host.ports.contains(state.nextPort) ? state.nextPort : host.ports.lowerBound
    var tried = 0
    for name in names {
      while used.contains(candidate), tried < host.ports.count {
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

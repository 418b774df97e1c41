internal import Diagnostics
internal import SystemSupport

extension Router {
  private var shapePath: FilePath { options.stateDirectory.appending("haproxy.shape") }

  /// HAProxy's facts about its servers.
  private enum Running {
    case absent
    case servers([String: [RunningServer]])
  }

  /// Compares, and sends the difference.
  func step() throws {
    // Before anything is known, none is started.
    guard sources.contains(where: { $0.known != nil }) else { return }
    let now = monotonicNanoseconds()
    var addresses = addresses
    let plan = RoutingPlan(
      file, services: services, resolve: { addresses.address(of: $0, at: now) },
      isLocal: { [addresses] in addresses.isLocal($0) })
    self.addresses = addresses
    self.plan = plan
    switch try running() {
    case .absent:
      try start(plan)
    case .servers(let servers):
      // One that runs keeps servers of a source that has not said anything yet.
      if sources.allSatisfy({ $0.known != nil }) { try follow(plan, servers) }
    }
    worker = haproxy.worker()
    try haproxy.limitLog()
  }

  /// Throws for an answer that does not tell whether HAProxy runs: then nothing is started beside it.
  private func running() throws -> Running {
    do throws(SystemCallError) {
      let sessions = HAProxyTables.sessions(HAProxyTables.statistics(try haproxy.runtime.ask("show stat -1 4 -1")))
      return .servers(HAProxyTables.servers(try haproxy.runtime.ask("show servers state"), sessions: sessions))
    } catch {
      guard error.errno == .noSuchFileOrDirectory || error.errno == .connectionRefused else { throw error }
      // An ended worker is replaced after a moment; without a master, nothing will replace it.
      if haproxy.isMasterAlive { throw error }
      return .absent
    }
  }

  private func start(_ plan: RoutingPlan) throws {
    let tables = fresh(plan, atLeast: file.routes.map(\.slots))
    let text = configuration(file).text(tables)
    try haproxy.check(text)
    try haproxy.adopt(text)
    try haproxy.start()
    try applied(tables)
    say("started HAProxy")
  }

  /// Tables for a worker that is about to start.
  private func fresh(_ plan: RoutingPlan, atLeast: [Int]) -> [SlotTable] {
    zip(plan.routes, atLeast).map { route, least in
      let slots = SlotTable.size(for: route.servers.count, atLeast: least)
      return SlotTable.placing(route.servers, slots: slots, running: []) ?? SlotTable(slots: slots)
    }
  }

  private func follow(_ plan: RoutingPlan, _ servers: [String: [RunningServer]]) throws {
    var tables: [SlotTable] = []
    var sizes: [Int] = []
    var fits = true
    for (route, planned) in zip(file.routes, plan.routes) {
      let running = servers[route.backend] ?? []
      sizes.append(max(running.count, route.slots))
      if running.count >= route.slots,
        let table = SlotTable.placing(planned.servers, slots: running.count, running: running)
      {
        tables.append(table)
      } else {
        // Draining slots are occupied: the next size includes them.
        if running.count >= route.slots { sizes[sizes.count - 1] = running.count * 2 }
        fits = false
      }
    }
    let shape = configuration(file).shape(slots: sizes)
    guard fits, try appliedShape() == shape else { return try reload(plan, sizes) }
    let commands = zip(file.routes, tables).flatMap { route, table in
      table.commands(backend: route.backend, running: servers[route.backend] ?? [])
    }
    let isChanged = tables != self.tables
    self.tables = tables
    guard !commands.isEmpty else {
      if isChanged { try haproxy.adopt(configuration(file).text(tables)) }
      return
    }
    // A worker that starts from the file begins with the values sent now.
    try haproxy.adopt(configuration(file).text(tables))
    for batch in stride(from: 0, to: commands.count, by: 100) {
      _ = try haproxy.runtime.ask(commands[batch..<min(batch + 100, commands.count)].joined(separator: ";"))
    }
    self.commands += commands.count
    let after = try running()
    guard case .servers(let after) = after else { return }
    let left = zip(file.routes, tables).flatMap { route, table in
      table.commands(backend: route.backend, running: after[route.backend] ?? [])
    }
    // Draining slots can have become empty meanwhile; the next step handles them.
    guard left.allSatisfy({ $0.hasSuffix(" state maint") }) else {
      say("HAProxy did not take the commands, it loads its configuration instead: \(left.first ?? "")")
      return try reload(plan, sizes)
    }
  }

  private func reload(_ plan: RoutingPlan, _ sizes: [Int]) throws {
    let tables = fresh(plan, atLeast: sizes)
    let text = configuration(file).text(tables)
    try haproxy.check(text)
    try haproxy.adopt(text)
    try haproxy.reload()
    reloads += 1
    try applied(tables)
    say("HAProxy loaded its configuration again")
  }

  private func applied(_ tables: [SlotTable]) throws {
    self.tables = tables
    let shape = configuration(file).shape(slots: tables.map(\.servers.count))
    try FileSystem.write(text: shape, to: shapePath, permissions: 0o600)
    try keepGood()
  }

  private func appliedShape() throws(SystemCallError) -> String? {
    FileSystem.exists(shapePath) ? try FileSystem.readText(shapePath) : nil
  }
}

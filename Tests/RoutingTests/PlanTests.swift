import Discovery
import JobModel
import Routing
import Testing

@Suite struct PlanTests {
  static let key = RoutesFileTests.eightball

  static func instance(_ shard: Int, port: Int? = nil, host: String = "h1", release: Int? = 1) -> ServiceInstance {
    ServiceInstance(
      shard: shard, taskID: TaskID("t\(shard)"),
      announcement: Announcement(host: host, port: port ?? 31000 + shard, endpoints: ["http": port ?? 31000 + shard]),
      health: .healthy, release: release)
  }

  private static func plan(
    _ route: Route, _ instances: [ServiceInstance], more: [Service] = []
  ) -> RoutingPlan.RoutePlan {
    let services = [Service(key: key, instances: instances)] + more
    return RoutingPlan(
      RoutesFile(routes: [route]), services: Dictionary(services.map { ($0.key, $0) }) { $1 },
      resolve: { $0 == "nowhere" ? nil : $0 == "h1" ? "127.0.0.1" : "10.0.0.2" }, isLocal: { $0 == "h1" }
    ).routes[0]
  }

  private static func route(_ change: (inout Route) -> Void = { _ in }) -> Route {
    var route = Route(name: "r", access: .private, targets: [Route.Target(job: key)])
    change(&route)
    return route
  }

  /// The percentage of requests that servers get which satisfy a condition.
  private static func share(_ plan: RoutingPlan.RoutePlan, _ condition: (PlannedServer) -> Bool) -> Double {
    let all = plan.servers.reduce(0) { $0 + $1.weight }
    return Double(plan.servers.filter(condition).reduce(0) { $0 + $1.weight }) * 100 / Double(all)
  }

  @Test("The newest release gets its share only while an older release runs")
  func canary() {
    let route = Self.route { $0.releases = [.newest: 5] }
    let both = Self.plan(route, (0..<4).map { Self.instance($0, release: $0 == 3 ? 2 : 1) })
    #expect(abs(Self.share(both) { $0.release == 2 } - 5) < 0.3)
    let many = Self.plan(route, (0..<12).map { Self.instance($0, release: $0 < 10 ? 2 : 1) })
    #expect(abs(Self.share(many) { $0.release == 2 } - 5) < 1)
    let one = Self.plan(route, (0..<4).map { Self.instance($0, release: 2) })
    #expect(Set(one.servers.map(\.weight)) == [256])
    let none = Self.plan(
      Self.route { $0.releases = [.number(2): 0] }, [Self.instance(0), Self.instance(1, release: 2)])
    #expect(none.servers.map(\.weight) == [256, 0])
    // A share of nothing for everybody would lose all requests.
    let all = Self.plan(Self.route { $0.releases = [.number(1): 0] }, [Self.instance(0), Self.instance(1)])
    #expect(all.servers.map(\.weight) == [1, 1])
  }

  @Test("Jobs divide a route by their shares, and prefer_local puts local instances first")
  func shares() {
    let other = JobKey(cluster: "aa", role: "cbe", stage: "prod", name: "next")
    let route = Self.route { $0.targets.append(Route.Target(job: other, percent: 25)) }
    let next = Service(key: other, instances: [Self.instance(0, port: 32000), Self.instance(1, port: 32001)])
    let plan = Self.plan(route, (0..<3).map { Self.instance($0) }, more: [next])
    #expect(abs(Self.share(plan) { $0.job == other } - 25) < 0.5)
    let local = Self.plan(Self.route { $0.prefersLocal = true }, [Self.instance(0), Self.instance(1, host: "h2")])
    #expect(local.servers.map(\.weight) == [256, 1])
    let remote = Self.plan(Self.route { $0.prefersLocal = true }, [Self.instance(1, host: "h2")])
    #expect(remote.servers.map(\.weight) == [256])
  }

  @Test("An instance without the port or an address is left out with a reason")
  func leftOut() {
    let plan = Self.plan(Self.route { $0.port = "admin" }, [Self.instance(0), Self.instance(1, host: "nowhere")])
    #expect(plan.servers.isEmpty && plan.problems[0] == "instance 0 of aa/cbe/prod/eightball has no port \"admin\"")
    let unknown = Self.plan(Self.route(), [Self.instance(1, host: "nowhere")])
    #expect(unknown.problems == ["instance 1 of aa/cbe/prod/eightball: the host \"nowhere\" has no known address"])
    let absent = Self.plan(Self.route { $0.targets[0].job.name = "gone" }, [])
    #expect(absent.problems == ["job aa/cbe/prod/gone is not in the catalogue"])
  }

  @Test("An instance whose executor does not answer keeps its last known state")
  func unknown() {
    let before = [Self.key: Service(key: Self.key, instances: [Self.instance(0), Self.instance(1)])]
    func withdrawn(_ shard: Int, _ isUnknown: Bool) -> WithdrawnInstance {
      WithdrawnInstance(shard: shard, taskID: TaskID("t\(shard)"), status: .running, reason: "", isUnknown: isUnknown)
    }
    let merged = RoutesFile.merged(
      [Service(key: Self.key, withdrawn: [withdrawn(0, true), withdrawn(1, false)])], known: before)
    #expect(merged[Self.key]?.instances.map(\.shard) == [0])
    #expect(RoutesFile.merged([], known: before).isEmpty)
  }
}

@Suite struct SlotTests {
  private static func server(_ port: Int, weight: Int = 256) -> PlannedServer {
    PlannedServer(address: "127.0.0.1", port: port, weight: weight, job: PlanTests.key, shard: port)
  }

  private static func running(
    _ slot: Int, _ port: Int, _ state: RunningServer.State, weight: Int = 256, sessions: Int = 0
  ) -> RunningServer {
    RunningServer(
      name: "s\(slot)", place: ServerPlace(address: "127.0.0.1", port: port), weight: weight, state: state,
      sessions: sessions)
  }

  @Test("A server keeps its slot, a new one takes a free slot, and a leaving one drains first")
  func moves() throws {
    let running = [
      Self.running(1, 10, .ready), Self.running(2, 11, .ready), Self.running(3, 12, .drain, sessions: 2),
      Self.running(4, 1, .maintenance, weight: 1),
    ]
    let table = try #require(SlotTable.placing([Self.server(11), Self.server(13)], slots: 4, running: running))
    #expect(table.servers.map { $0?.port } == [nil, 11, nil, 13])
    #expect(
      table.commands(backend: "b", running: running) == [
        "set server b/s1 state drain", "set server b/s4 addr 127.0.0.1 port 13", "set server b/s4 weight 256",
        "set server b/s4 state ready",
      ])
    let empty = [Self.running(1, 12, .drain, sessions: 0)]
    #expect(SlotTable(slots: 1).commands(backend: "b", running: empty) == ["set server b/s1 state maint"])
    // The same address again: an instance that came back.
    let back = try #require(SlotTable.placing([Self.server(12)], slots: 4, running: running))
    #expect(back.servers[2]?.port == 12)
  }

  @Test("Draining slots stay occupied, and a table in step needs no command")
  func full() throws {
    let busy = [Self.running(1, 12, .drain, sessions: 1), Self.running(2, 13, .ready)]
    #expect(SlotTable.placing([Self.server(14), Self.server(15)], slots: 2, running: busy) == nil)
    let still = try #require(SlotTable.placing([Self.server(13)], slots: 2, running: [busy[1]]))
    #expect(still.commands(backend: "b", running: [busy[1]]) == [])
    #expect(SlotTable.size(for: 5, atLeast: 8) == 16 && SlotTable.size(for: 0, atLeast: 0) == 1)
  }

  @Test("Random moves reach the planned servers, and never reuse a slot with open sessions")
  func random() throws {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<500 {
      var running = (1...8).map { Self.running($0, 1, .maintenance) }
      for _ in 0..<10 {
        let ports = Set(
          (0..<Int.random(in: 0...5, using: &generator)).map { _ in Int.random(in: 10...20, using: &generator) })
        let planned = ports.sorted().map { Self.server($0, weight: Int.random(in: 0...256, using: &generator)) }
        guard let table = SlotTable.placing(planned, slots: 8, running: running) else { continue }
        let before = running
        for command in table.commands(backend: "b", running: running) {
          let words = command.split(separator: " ")
          let slot = try #require(Int(words[2].dropFirst("b/s".count))) - 1
          switch words[3] {
          case "addr":
            #expect(before[slot].state == .maintenance || before[slot].sessions == 0)
            running[slot].place.port = Int(words[6]) ?? 0
          case "weight": running[slot].weight = Int(words[4]) ?? 0
          default: running[slot].state = RunningServer.State(rawValue: String(words[4])) ?? .ready
          }
        }
        let ready = running.filter { $0.state == .ready }
        #expect(ready.map(\.place.port).sorted() == ports.sorted())
        for index in running.indices { running[index].sessions = Int.random(in: 0...1, using: &generator) }
      }
    }
  }

  @Test("HAProxy's tables are read by the names of their columns")
  func tables() {
    let text = """
      1
      # be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time srv_port
      4 kilt_a 1 s1 127.0.0.1 2 0 256 256 5 31000
      4 kilt_a 2 s2 127.0.0.1 0 5 1 1 5 1
      4 kilt_a 3 s3 127.0.0.1 2 12 9 1 5 31001

      """
    let servers = HAProxyTables.servers(text, sessions: ["kilt_a": ["s3": 4]])["kilt_a"] ?? []
    #expect(servers.map(\.state) == [.ready, .maintenance, .drain])
    #expect(servers.map(\.place.port) == [31000, 1, 31001] && servers[2].sessions == 4)
    let rows = HAProxyTables.statistics("# pxname,svname,scur,\nkilt_a,s3,4,\n\n")
    #expect(HAProxyTables.sessions(rows) == ["kilt_a": ["s3": 4]])
    let processes = """
      #<PID>          <type>          <reloads>       <uptime>        <version>
      10              master          1               0d00h00m01s     2.6
      # workers
      12              worker          0               0d00h00m01s     2.6
      # old workers
      11              worker          1               0d00h00m01s     2.6
      """
    #expect(HAProxyTables.workers(processes) == [12: 0, 11: 1])
  }
}

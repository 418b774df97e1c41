import JobModel
import Testing

@testable import SchedulerCore

/// A cluster of several hosts.
@Suite struct HostsTests {
  private func host(
    _ id: String, rack: String = "a", admission: HostOffer.Admission = .open, cpu: Int = 4000,
    ports: ClosedRange<Int> = 31000...31009
  ) -> HostOffer {
    HostOffer(
      id: id, hostname: "name-\(id)", address: "10.0.0.\(id.count)", admission: admission,
      resources: Resources(milliCPU: cpu, ram: 8 << 30, disk: 100 << 30), ports: ports, attributes: ["rack": rack])
  }

  private func cluster(_ hosts: [HostOffer]) throws -> Bench {
    var bench = try Bench(offer: nil)
    try bench.send(.hostOffers(hosts))
    return bench
  }

  private func hosts(of bench: Bench) -> [String: Int] {
    bench.scheduler.state.placedTasks.reduce(into: [:]) { $0[$1.host ?? "", default: 0] += 1 }
  }

  @Test("Instances spread over the hosts, and each task knows where it is")
  func spread() throws {
    var bench = try cluster([host("a"), host("b"), host("c")])
    try bench.send(.createJob(configuration(instances: 6)))
    #expect(hosts(of: bench) == ["a": 2, "b": 2, "c": 2])
    #expect(bench.scheduler.indexIsRight)
  }

  @Test("A limit of one instance on each host leaves the one too many waiting, and says why")
  func limitByHost() throws {
    var bench = try cluster([host("a"), host("b")])
    var job = configuration(instances: 3)
    job.constraints = [PlacementConstraint(attribute: "host", rule: .limit(1))]
    try bench.send(.createJob(job))
    #expect(hosts(of: bench) == ["a": 1, "b": 1])
    let waiting = try #require(bench.scheduler.state.activeTasks.first { $0.status == .pending })
    let reason = try #require(bench.scheduler.state.waitReason(of: waiting))
    #expect(reason.contains("name-a: ") && reason.contains("name-b: ") && reason.contains("limit:1"), "\(reason)")
  }

  @Test("A limit by rack counts the instances of all hosts of the rack")
  func limitByRack() throws {
    var bench = try cluster([host("a", rack: "x"), host("b", rack: "x"), host("c", rack: "y")])
    var job = configuration(instances: 3)
    job.constraints = [PlacementConstraint(attribute: "rack", rule: .limit(1))]
    try bench.send(.createJob(job))
    #expect(bench.scheduler.state.placedTasks.count == 2)
    #expect(Set(bench.scheduler.state.placedTasks.map { $0.host == "c" }) == [true, false])
  }

  @Test("A value, and a negated value, of a constraint choose the hosts")
  func values() throws {
    var bench = try cluster([host("a", rack: "x"), host("b", rack: "y")])
    var job = configuration(instances: 2)
    job.constraints = [PlacementConstraint(attribute: "rack", rule: .values(["x"], isNegated: true))]
    try bench.send(.createJob(job))
    #expect(hosts(of: bench) == ["b": 2])
  }

  @Test("Two hosts give the same port to different tasks, and one host never does")
  func portsByHost() throws {
    var bench = try cluster([host("a", ports: 31000...31001), host("b", ports: 31000...31001)])
    try bench.send(.createJob(configuration(instances: 5)))
    let places = bench.scheduler.state.placedTasks.flatMap { task in
      task.ports.values.map { "\(task.host ?? "") \($0)" }
    }
    #expect(places.count == 4 && Set(places).count == 4, "\(places)")
  }

  @Test("A task whose host is lost is replaced elsewhere, and not on the host that lost it")
  func lostHost() throws {
    var bench = try cluster([host("a"), host("b")])
    try bench.send(.createJob(configuration(instances: 1)))
    let first = try #require(bench.scheduler.state.placedTasks.first)
    let other = first.host == "a" ? "b" : "a"
    try bench.send(.executorStarted(first.id, pid: 1))
    try bench.send(.taskStatus(first.id, .running))
    try bench.send(.executorLost(first.id, message: "the node cannot be reached"))
    #expect(hosts(of: bench) == [other: 1])
  }

  @Test("A host that is drained is emptied at the pace of the job's update, and gets nothing new")
  func drain() throws {
    var bench = try cluster([host("a"), host("b")])
    var job = configuration(instances: 4)
    job.update.strategy = .batch(batchSize: 1, autopause: false)
    try bench.send(.createJob(job))
    try bench.settle()
    #expect(hosts(of: bench) == ["a": 2, "b": 2])
    try bench.send(.hostOffers([host("a", admission: .draining), host("b")]))
    // One at a time, and the next one when its replacement runs.
    for moved in 1...2 {
      let leaving = bench.scheduler.state.activeTasks.filter { $0.status == .draining }
      #expect(leaving.count == 1 && leaving.first?.host == "a", "\(moved)")
      for task in leaving { try bench.send(.taskStatus(task.id, .killed)) }
      #expect(bench.scheduler.state.activeTasks.count { $0.status == .draining } == 0)
      for task in bench.scheduler.state.activeTasks where task.status == .assigned {
        try bench.send(.taskStatus(task.id, .running))
      }
    }
    #expect(hosts(of: bench) == ["b": 4])
  }

  @Test("The end of a drain takes back what it had not done yet")
  func endedDrain() throws {
    var bench = try cluster([host("a"), host("b")])
    var job = configuration(instances: 4)
    job.update.strategy = .batch(batchSize: 1, autopause: false)
    try bench.send(.createJob(job))
    try bench.settle()
    try bench.send(.hostOffers([host("a", admission: .draining), host("b")]))
    try bench.send(.hostOffers([host("a"), host("b")]))
    #expect(!bench.scheduler.state.activeTasks.contains { $0.requestedEnd != nil })
  }

  @Test("A closed host keeps its tasks and gets no others")
  func closed() throws {
    var bench = try cluster([host("a", admission: .closed)])
    try bench.send(.createJob(configuration(instances: 1)))
    #expect(bench.scheduler.state.placedTasks.isEmpty)
    let waiting = try #require(bench.scheduler.state.activeTasks.first)
    #expect(bench.scheduler.state.waitReason(of: waiting) == "name-a: the host accepts no tasks")
  }

  @Test("A record with its host, and offers of several hosts, are read back as they were written")
  func coding() throws {
    var bench = try cluster([host("a"), host("b", admission: .draining)])
    try bench.send(.createJob(configuration(instances: 1)))
    let task = try #require(bench.scheduler.state.placedTasks.first)
    #expect(try TaskRecord(json: task.jsonWithoutConfiguration, configuration: task.shared) == task)
    for offer in bench.scheduler.state.hosts { #expect(try HostOffer(json: offer.json) == offer) }
  }
}

import JobModel
import SchedulerCore
import Testing

@Suite struct PlacementTests {
  private func key(_ name: String, role: String = "cbe") -> JobKey {
    JobKey(cluster: "aa", role: role, stage: "devel", name: name)
  }

  private func job(
    _ name: String, role: String = "cbe", instances: Int = 1, cpu: Double, priority: Int = 0,
    tier: Tier = .preemptible, change: (inout JobConfiguration) -> Void = { _ in }
  ) -> JobConfiguration {
    configuration(key(name, role: role), instances: instances, cpu: cpu) {
      $0.priority = priority
      $0.tier = tier
      change(&$0)
    }
  }

  private func statuses(_ bench: Bench, _ name: String, role: String = "cbe") -> [TaskStatus] {
    bench.scheduler.state.activeTasks(of: key(name, role: role)).map(\.status)
  }

  @Test("A service that restarts on a full host gets its place back before newcomers") func fairPlaces() throws {
    var bench = try Bench()
    try bench.send(.createJob(job("old", cpu: 8)))
    try bench.settle()
    try bench.pass(.seconds(400))
    try bench.send(.createJob(job("new", cpu: 1, priority: 9)))
    #expect(statuses(bench, "new") == [.pending])
    let task = try #require(bench.scheduler.state.activeTasks(of: key("old")).first)
    try bench.send(.taskStatus(task.id, .failed))
    #expect(statuses(bench, "old") == [.assigned])
    #expect(statuses(bench, "new") == [.pending])
  }

  @Test("The place of a service that waits for its next try is kept") func keptWhileThrottled() throws {
    var bench = try Bench()
    try bench.send(.createJob(job("old", cpu: 8)))
    for _ in 0..<2 {
      try bench.settle()
      try bench.send(.taskStatus(try #require(bench.scheduler.state.activeTasks(of: key("old")).first).id, .failed))
    }
    #expect(statuses(bench, "old") == [.throttled])
    try bench.send(.createJob(job("new", cpu: 1)))
    #expect(statuses(bench, "new") == [.pending])
    let waiting = try #require(bench.scheduler.state.activeTasks(of: key("new")).first)
    #expect(bench.scheduler.state.waitReason(of: waiting)?.contains("kept for instances that restart") == true)
    try bench.pass(.seconds(30))
    #expect(statuses(bench, "old") == [.assigned])
  }

  @Test("A preferred job replaces the jobs with the lowest rank, and no more than needed") func preemption()
    throws
  {
    var bench = try Bench()
    try bench.send(.createJob(job("revocable", role: "a", instances: 2, cpu: 2, tier: .revocable)))
    try bench.send(.createJob(job("plain", role: "a", instances: 2, cpu: 2)))
    try bench.settle()
    try bench.send(.createJob(job("vip", cpu: 2, tier: .preferred)))
    #expect(statuses(bench, "vip") == [.pending])
    try bench.pass(.seconds(59))
    #expect(bench.killed.isEmpty)
    try bench.pass(.seconds(1))
    #expect(statuses(bench, "revocable", role: "a") == [.running, .preempting])
    #expect(statuses(bench, "plain", role: "a") == [.running, .running])
    try bench.settle()
    #expect(statuses(bench, "vip") == [.running])
    #expect(statuses(bench, "revocable", role: "a").sorted { $0.rawValue < $1.rawValue } == [.pending, .running])
  }

  @Test("Within a role, a higher priority replaces a lower one, and never another role's") func priorities()
    throws
  {
    var bench = try Bench()
    try bench.send(.createJob(job("low", cpu: 4)))
    try bench.send(.createJob(job("other", role: "x", cpu: 4)))
    try bench.settle()
    try bench.send(.createJob(job("high", cpu: 4, priority: 5)))
    try bench.pass(.seconds(60))
    #expect(statuses(bench, "low") == [.preempting])
    #expect(statuses(bench, "other", role: "x") == [.running])
  }

  @Test("A waiting task names the attributes that the host lacks") func constraints() throws {
    var bench = try Bench()
    var host = offer
    host.attributes = ["rack": "a"]
    try bench.send(.hostOffer(host))
    func constraint(_ name: String, _ text: String) throws -> PlacementConstraint {
      try #require(PlacementConstraint(attribute: name, parsing: text))
    }
    let wrong = try constraint("rack", "b")
    try bench.send(.createJob(job("wrong", cpu: 1) { $0.constraints = [wrong] }))
    let task = try #require(bench.scheduler.state.activeTasks(of: key("wrong")).first)
    #expect(bench.scheduler.state.waitReason(of: task) == "needs rack \"b\": the host has \"a\"")
    let right = try [constraint("rack", "a,b"), constraint("host", "limit:2")]
    try bench.send(.createJob(job("right", instances: 3, cpu: 1) { $0.constraints = right }))
    #expect(statuses(bench, "right") == [.assigned, .assigned, .pending])
  }

  @Test("Quotas count by role and by stage, and not revocable jobs") func quotas() throws {
    var bench = try Bench()
    try bench.send(.setQuota(QuotaKey(role: "cbe", stage: "devel"), Resources(cpu: 3, ram: 1 << 40, disk: 1 << 40)))
    try bench.send(.createJob(job("one", instances: 2, cpu: 1)))
    #expect(throws: SchedulerError.self) { try bench.send(.createJob(job("two", instances: 2, cpu: 1))) }
    try bench.send(.createJob(job("free", instances: 2, cpu: 1, tier: .revocable)))
    try bench.send(.createJob(job("other", role: "x", instances: 2, cpu: 1)))
    #expect(throws: SchedulerError.self) { try bench.send(.scaleJob(key("one"), to: 4)) }
    try bench.send(.scaleJob(key("one"), to: 3))
    #expect(bench.scheduler.state.quotaUse(QuotaKey(role: "cbe")).cpu == 3)
  }

  @Test("A drain ends tasks as the SLA policy allows, and starts none") func drain() throws {
    var bench = try Bench()
    try bench.send(
      .createJob(job("sla", instances: 4, cpu: 1) { $0.slaPolicy = .percentage(50, duration: .seconds(60)) }))
    try bench.send(.createJob(job("plain", cpu: 1)))
    try bench.settle()
    try bench.pass(.seconds(60))
    try bench.send(.startDrain(patience: .seconds(600)))
    #expect(statuses(bench, "sla") == [.draining, .draining, .running, .running])
    #expect(statuses(bench, "plain") == [.draining])
    try bench.settle()
    #expect(statuses(bench, "sla").sorted { $0.rawValue < $1.rawValue } == [.pending, .pending, .running, .running])
    try bench.pass(.seconds(600))
    try bench.settle()
    #expect(statuses(bench, "sla") == [.pending, .pending, .pending, .pending])
    try bench.send(.endDrain())
    #expect(statuses(bench, "sla") == [.assigned, .assigned, .assigned, .assigned])
  }

  @Test("A restart respects the SLA policy and continues when it allows") func slaRestart() throws {
    var bench = try Bench()
    try bench.send(
      .createJob(job("sla", instances: 2, cpu: 1) { $0.slaPolicy = .count(1, duration: .seconds(60)) }))
    try bench.settle()
    try bench.send(.restartInstances(key("sla")))
    #expect(statuses(bench, "sla") == [.running, .running])
    try bench.pass(.seconds(60))
    #expect(statuses(bench, "sla") == [.restarting, .running])
    try bench.settle()
    #expect(statuses(bench, "sla") == [.running, .running])
    let first = try #require(bench.scheduler.state.activeTask(of: InstanceKey(job: key("sla"), instance: 1)))
    try bench.pass(.seconds(60))
    try bench.settle()
    #expect(bench.scheduler.state.activeTask(of: InstanceKey(job: key("sla"), instance: 1))?.id != first.id)
  }
}

import JobModel
import SchedulerCore
import Testing

@Suite struct JobTests {
  @Test func aCreatedJobIsLaunchedOnItsOwnPorts() throws {
    var bench = try Bench()
    try bench.send(.createJob(configuration()))
    #expect(bench.active.map(\.status) == [.assigned, .assigned])
    #expect(bench.launched == bench.active.map(\.id))
    #expect(Set(bench.active.map { $0.ports["http"] }) == [31000, 31001])
    try bench.settle()
    #expect(bench.active.map(\.status) == [.running, .running])
  }

  @Test func aJobIsRefusedWhenItExists() throws {
    var bench = try Bench()
    try bench.send(.createJob(configuration()))
    #expect(throws: SchedulerError.jobExists(key)) { try bench.send(.createJob(configuration())) }
  }

  @Test func whatDoesNotFitWaitsAndSaysWhy() throws {
    var bench = try Bench()
    try bench.send(.createJob(configuration(instances: 3, cpu: 3)))
    #expect(bench.active.map(\.status) == [.assigned, .assigned, .pending])
    let waiting = try #require(bench.active.last)
    #expect(bench.scheduler.state.waitReason(of: waiting) == "needs 3.0 CPU, 2.0 of 8.0 is free")
    try bench.settle()
    try bench.send(.killJob(key, instances: [0]))
    try bench.settle()
    #expect(bench.active.map(\.instance) == [1, 2])
    #expect(bench.active.map(\.status) == [.running, .running])
  }

  @Test func nothingStartsBeforeAHostOffersItself() throws {
    var bench = try Bench(offer: nil)
    try bench.send(.createJob(configuration()))
    #expect(bench.active.map(\.status) == [.pending, .pending])
    try bench.send(.hostOffer(offer))
    #expect(bench.launched.count == 2)
  }

  @Test func killingAJobEndsItsTasksAndForgetsIt() throws {
    var bench = try Bench()
    try bench.send(.createJob(configuration()))
    try bench.settle()
    let ids = bench.active.map(\.id)
    try bench.send(.killJob(key, user: "ann"))
    #expect(bench.killed == ids)
    #expect(bench.scheduler.state.jobs[key]?.isEnding == true)
    try bench.send(.killJob(key))
    try bench.settle()
    #expect(bench.scheduler.state.jobs.isEmpty)
    #expect(bench.active.isEmpty)
    #expect(ids.map { bench.scheduler.state.tasks[$0]?.status } == [.killed, .killed])
    try bench.send(.createJob(configuration()))
    #expect(bench.launched.count == 2)
  }

  @Test func aServiceThatEndsIsReplacedHoweverItEnds() throws {
    for status in [TaskStatus.finished, .failed, .killed, .lost] {
      var bench = try Bench()
      try bench.send(.createJob(configuration(instances: 1)))
      try bench.settle()
      let first = try bench.task(0)
      try bench.pass(.seconds(400))
      try bench.send(.taskStatus(first.id, status, message: "x"))
      let second = try bench.task(0)
      #expect(second.ancestor == first.id)
      #expect(second.restarts == 1)
      #expect(second.status == .assigned)
      #expect(second.ports != first.ports)
    }
  }

  @Test func oneShortRunIsReplacedAtOnce() throws {
    var bench = try Bench()
    try bench.send(.createJob(configuration(instances: 1)))
    try bench.settle()
    let first = try bench.task(0)
    try bench.send(.taskStatus(first.id, .failed))
    let second = try bench.task(0)
    #expect(second.id != first.id && second.status == .assigned)
    #expect(!second.instanceStatus.isFlapping)
    try bench.settle()
    try bench.send(.taskStatus(second.id, .failed))
    #expect(try bench.task(0).instanceStatus.isFlapping)
  }

  @Test func aFlappingServiceWaitsLongerEachTime() throws {
    var bench = try Bench()
    try bench.send(.createJob(configuration(instances: 1)))
    try bench.settle()
    try bench.send(.taskStatus(try bench.task(0).id, .failed))
    for delay in [30, 60, 120, 240, 300, 300] {
      try bench.settle()
      let task = try bench.task(0)
      #expect(task.status == .running)
      try bench.send(.taskStatus(task.id, .failed))
      #expect(try bench.task(0).status == .throttled)
      #expect(bench.wake == bench.time + .seconds(delay))
      try bench.pass(.seconds(delay) - .milliseconds(1))
      #expect(try bench.task(0).status == .throttled)
      try bench.pass(.milliseconds(1))
      #expect(try bench.task(0).status == .assigned)
    }
    // One long run, and it is trusted again.
    try bench.settle()
    try bench.pass(.seconds(300))
    try bench.send(.taskStatus(try bench.task(0).id, .failed))
    #expect(try bench.task(0).status == .assigned)
  }

  @Test func aTaskThatIsNoServiceIsTriedUntilItsLimit() throws {
    var bench = try Bench()
    try bench.send(.createJob(configuration(instances: 2, isService: false) { $0.maxTaskFailures = 3 }))
    try bench.settle()
    try bench.send(.taskStatus(try bench.task(1).id, .finished))
    #expect(bench.active.map(\.instance) == [0])
    for attempt in 1...3 {
      try bench.settle()
      #expect(try bench.task(0).failures == attempt - 1)
      try bench.send(.taskStatus(try bench.task(0).id, .failed))
      // The second short run in a row makes the third wait.
      try bench.pass(.seconds(30))
    }
    #expect(bench.active.isEmpty)
    #expect(bench.scheduler.state.jobs[key]?.completed == [0, 1])
    // What has run to its end may be run again.
    try bench.send(.createJob(configuration(instances: 1, isService: false)))
    #expect(bench.active.count == 1)
  }

  @Test func aTaskThatDoesNotEndIsDestroyed() throws {
    var bench = try Bench()
    try bench.send(.createJob(configuration(instances: 1)))
    try bench.settle()
    let id = try bench.task(0).id
    try bench.send(.killJob(key))
    #expect(bench.killed == [id])
    try bench.pass(.seconds(15))
    #expect(bench.killed == [id])
    try bench.pass(.seconds(25))
    #expect(bench.destroyed == [id])
    try bench.send(.taskDestroyed(id))
    #expect(bench.scheduler.state.tasks[id]?.status == .killed)
    #expect(bench.scheduler.state.jobs.isEmpty)
  }

  @Test func aTaskThatDoesNotStartIsLostAndNotReplacedBeforeNothingIsLeftOfIt() throws {
    var bench = try Bench()
    try bench.send(.createJob(configuration(instances: 1)))
    let first = try bench.task(0)
    try bench.pass(.seconds(299))
    #expect(try bench.task(0).id == first.id)
    try bench.pass(.seconds(1))
    #expect(bench.scheduler.state.tasks[first.id]?.status == .lost)
    #expect(bench.destroyed == [first.id])
    #expect(bench.launched.isEmpty)
    #expect(bench.scheduler.state.waitReason(of: try bench.task(0)) == "waits until nothing is left of \(first.id)")
    try bench.pass(.seconds(15))
    #expect(bench.destroyed == [first.id])
    try bench.send(.taskDestroyed(first.id))
    #expect(bench.launched == [try bench.task(0).id])
  }

  @Test func whatRunsWithoutBeingWantedIsDestroyed() throws {
    var bench = try Bench()
    try bench.send(.taskStatus("unknown", .running))
    #expect(bench.destroyed == ["unknown"])
    try bench.send(.createJob(configuration(instances: 1)))
    try bench.settle()
    let id = try bench.task(0).id
    try bench.send(.taskStatus(id, .failed))
    try bench.send(.taskStatus(id, .running))
    #expect(bench.destroyed == [id])
  }

  @Test func anUnhealthyTaskThatIsNotEndedByItsExecutorIs() throws {
    var bench = try Bench()
    try bench.send(
      .createJob(
        configuration(instances: 1) {
          $0.healthCheck = HealthCheckConfiguration(checker: .tcp(port: "http"), maxConsecutiveFailures: 2)
        }))
    try bench.settle()
    let id = try bench.task(0).id
    try bench.send(.taskHealth(id, HealthReport(healthy: false, consecutiveFailures: 2)))
    try bench.pass(.seconds(3600))
    #expect(try bench.task(0).id == id)
    try bench.send(.taskHealth(id, HealthReport(healthy: false, consecutiveFailures: 3, message: "refused")))
    try bench.pass(.seconds(40))
    #expect(bench.scheduler.state.tasks[id]?.status == .failed)
    #expect(bench.scheduler.state.tasks[id]?.message == "unhealthy 3 times in a row: refused")
    #expect(bench.destroyed == [id])
  }

  @Test func aRestartEndsTasksAndStartsThemAtOnce() throws {
    var bench = try Bench()
    try bench.send(.createJob(configuration()))
    try bench.settle()
    let before = bench.active.map(\.id)
    try bench.send(.restartInstances(key, instances: [1]))
    #expect(bench.killed == [before[1]])
    try bench.send(.taskStatus(before[1], .killed))
    #expect(try bench.task(0).id == before[0])
    #expect(try bench.task(1).status == .assigned)
  }

  @Test func instancesCanBeAddedAndNumbersGoOn() throws {
    var bench = try Bench()
    try bench.send(.createJob(configuration()))
    try bench.settle()
    try bench.send(.addInstances(key, count: 2))
    #expect(bench.active.map(\.instance) == [0, 1, 2, 3])
    #expect(throws: SchedulerError.noSuchInstances(key, [7, 9])) {
      try bench.send(.killJob(key, instances: [0, 9, 7]))
    }
  }

  @Test func aQuotaLimitsPreferredJobs() throws {
    var bench = try Bench()
    try bench.send(.setQuota(QuotaKey(role: "cbe"), Resources(cpu: 2, ram: 1 << 30, disk: 1 << 30)))
    let reason = "CPU: the job needs 3.0 of 2.0, other jobs use 0.0"
    #expect(throws: SchedulerError.overQuota(QuotaKey(role: "cbe"), what: reason)) {
      try bench.send(.createJob(configuration(instances: 3) { $0.tier = .preferred }))
    }
    try bench.send(.createJob(configuration(instances: 2) { $0.tier = .preferred }))
    #expect(bench.active.count == 2)
  }

  @Test("A lowered quota refuses growth, but allows restarts, releases of the same size and scaling down")
  func loweredQuota() throws {
    var bench = try Bench()
    try bench.send(.createJob(configuration(instances: 2)))
    try bench.settle()
    try bench.send(.setQuota(QuotaKey(role: "cbe"), Resources(cpu: 1, ram: 1 << 30, disk: 1 << 30)))
    #expect(throws: SchedulerError.self) { try bench.send(.scaleJob(key, to: 3)) }
    #expect(throws: SchedulerError.self) { try bench.send(.startUpdate(configuration(instances: 2, cpu: 2))) }
    for event in [
      SchedulerInput.startUpdate(configuration(instances: 2), instances: [0, 1], restart: true),
      .startUpdate(configuration(instances: 2, version: 2)), .scaleJob(key, to: 1),
    ] {
      try bench.send(event)
      try bench.send(.abortUpdate(key))
    }
  }
}

import JobModel
import SchedulerCore
import Testing

@Suite struct UpdateTests {
  private func running(_ instances: Int) throws -> Bench {
    var bench = try Bench()
    try bench.send(.createJob(configuration(instances: instances)))
    try bench.settle()
    return bench
  }

  private func versions(_ bench: Bench) -> [Int] { bench.active.map(\.revision) }

  private func status(_ bench: Bench) -> UpdateStatus? {
    bench.scheduler.state.summary(of: key)?.update?.status
  }

  @Test func goesForwardOneBatchAtATime() throws {
    var bench = try running(3)
    try bench.send(.startUpdate(configuration(instances: 3, version: 2)))
    #expect(bench.active.map(\.status) == [.restarting, .running, .running])
    try bench.settle()
    #expect(versions(bench) == [2, 1, 1])
    #expect(bench.wake == bench.time + .seconds(30))
    try bench.pass(.seconds(29))
    #expect(bench.active.map(\.status) == [.running, .running, .running])
    for _ in 0..<3 {
      try bench.pass(.seconds(30))
      try bench.settle()
    }
    #expect(versions(bench) == [2, 2, 2])
    #expect(status(bench) == .rolledForward)
    #expect(bench.scheduler.state.jobs[key]?.current == 2)
  }

  @Test func addsAndRemovesInstances() throws {
    var bench = try running(2)
    let bold = UpdateConfiguration(batchSize: 10, watch: .seconds(1))
    try bench.send(.startUpdate(configuration(instances: 4, update: bold)))
    try bench.settle()
    try bench.pass(.seconds(1))
    #expect(status(bench) == .rolledForward)
    #expect(versions(bench) == [2, 2, 2, 2])
    try bench.send(.startUpdate(configuration(instances: 1, version: 2, update: bold)))
    try bench.settle()
    try bench.pass(.seconds(1))
    #expect(status(bench) == .rolledForward)
    #expect(versions(bench) == [3])
  }

  @Test func anUnchangedJobIsSaidToBe() throws {
    var bench = try running(2)
    #expect(throws: SchedulerError.unchanged(key)) { try bench.send(.startUpdate(configuration())) }
  }

  @Test func rollsBackWhenAnInstanceFails() throws {
    var bench = try running(3)
    try bench.send(.startUpdate(configuration(instances: 3, version: 2)))
    try bench.settle()
    try bench.pass(.seconds(30))
    try bench.settle()
    #expect(versions(bench) == [2, 2, 1])
    try bench.send(.taskStatus(try bench.task(1).id, .failed, message: "exit 1"))
    #expect(status(bench) == .rollingBack)
    try bench.settle()
    #expect(versions(bench) == [2, 1, 1])
    try bench.pass(.seconds(30))
    try bench.settle()
    try bench.pass(.seconds(30))
    #expect(versions(bench) == [1, 1, 1])
    #expect(status(bench) == .rolledBack)
    #expect(bench.scheduler.state.jobs[key]?.current == 1)
  }

  @Test func failsWithoutRollingBackWhenToldSo() throws {
    var bench = try running(1)
    let update = UpdateConfiguration(watch: .seconds(5), rollbackOnFailure: false)
    try bench.send(.startUpdate(configuration(instances: 1, version: 2, update: update)))
    try bench.settle()
    try bench.send(.taskStatus(try bench.task(0).id, .failed))
    #expect(status(bench) == .failed)
  }

  @Test func toleratesTheFailuresItIsTold() throws {
    var bench = try running(2)
    let update = UpdateConfiguration(watch: .seconds(5), maxPerInstanceFailures: 1, maxTotalFailures: 1)
    try bench.send(.startUpdate(configuration(instances: 2, version: 2, update: update)))
    for _ in 0..<2 {
      try bench.settle()
      #expect(status(bench) == .rollingForward)
      try bench.send(.taskStatus(try bench.task(0).id, .failed))
      try bench.pass(.seconds(60))
    }
    try bench.settle()
    try bench.pass(.seconds(5))
    #expect(status(bench) == .rolledForward)
    let actions = bench.scheduler.state.summary(of: key)?.update?.instances
    #expect(actions == [0: .updateFailed, 1: .updated])
  }

  @Test func pausesAndGoesOn() throws {
    var bench = try running(2)
    try bench.send(.startUpdate(configuration(version: 2)))
    try bench.send(.pauseUpdate(key))
    try bench.settle()
    try bench.pass(.seconds(3600))
    #expect(versions(bench) == [2, 1])
    try bench.send(.resumeUpdate(key))
    try bench.settle()
    #expect(versions(bench) == [2, 2])
    try bench.send(.abortUpdate(key))
    #expect(status(bench) == .aborted)
    #expect(throws: SchedulerError.noUpdate(key)) { try bench.send(.pauseUpdate(key)) }
  }

  @Test func isRolledBackByHand() throws {
    var bench = try running(2)
    try bench.send(.startUpdate(configuration(version: 2)))
    try bench.settle()
    try bench.send(.rollbackUpdate(key, user: "ann"))
    try bench.settle()
    try bench.pass(.seconds(30))
    #expect(versions(bench) == [1, 1])
    #expect(status(bench) == .rolledBack)
  }

  @Test func restartsAServiceInBatches() throws {
    var bench = try running(2)
    let before = bench.active.map(\.id)
    try bench.send(.startUpdate(configuration(), restart: true))
    try bench.settle()
    #expect(try bench.task(0).id != before[0])
    #expect(try bench.task(1).id == before[1])
    try bench.pass(.seconds(30))
    try bench.settle()
    try bench.pass(.seconds(30))
    #expect(try bench.task(1).id != before[1])
    #expect(status(bench) == .rolledForward)
  }

  @Test func aCanaryLeavesTheJobWhereItIs() throws {
    var bench = try running(3)
    try bench.send(.startUpdate(configuration(instances: 3, version: 2), instances: [1]))
    try bench.settle()
    try bench.pass(.seconds(30))
    #expect(status(bench) == .rolledForward)
    #expect(versions(bench) == [1, 2, 1])
    #expect(bench.scheduler.state.jobs[key]?.current == 1)
  }

  @Test func onlyServicesAreUpdated() throws {
    var bench = try Bench()
    try bench.send(.createJob(configuration(isService: false)))
    #expect(throws: SchedulerError.notAService(key)) {
      try bench.send(.startUpdate(configuration(isService: false, version: 2)))
    }
  }

  @Test func whileOneRunsAnotherIsRefused() throws {
    var bench = try running(2)
    try bench.send(.startUpdate(configuration(version: 2)))
    #expect(throws: SchedulerError.self) { try bench.send(.startUpdate(configuration(version: 3))) }
  }
}

import JobModel
import SchedulerCore
import Testing

@Suite struct StartFirstTests {
  private let settings = UpdateConfiguration(watch: .seconds(10), startFirst: true)

  private func updating(_ instances: Int = 1, cpu: Double = 1) throws -> Bench {
    var bench = try Bench()
    try bench.send(.createJob(configuration(instances: instances, cpu: cpu, update: settings)))
    try bench.settle()
    try bench.send(.startUpdate(configuration(instances: instances, version: 2, cpu: cpu, update: settings)))
    return bench
  }

  private func leaving(_ bench: Bench) -> [TaskRecord] { bench.scheduler.state.leavingTasks(of: key) }
  private func status(_ bench: Bench) -> UpdateStatus? { bench.scheduler.state.summary(of: key)?.update?.status }

  @Test("The old task ends after the update has watched the new task") func order() throws {
    var bench = try updating()
    let old = try #require(leaving(bench).first)
    let new = try bench.task(0)
    #expect(old.status == .running && new.status == .assigned && new.ports != old.ports)
    #expect(bench.killed.isEmpty)
    try bench.send(.taskStatus(new.id, .running))
    #expect(bench.killed.isEmpty)
    try bench.pass(.seconds(10))
    #expect(bench.killed == [old.id])
    #expect(status(bench) == .rolledForward)
    try bench.send(.taskStatus(old.id, .killed))
    #expect(bench.active.map(\.id) == [new.id] && leaving(bench).isEmpty)
    #expect(bench.launched.isEmpty)
  }

  @Test("A new task that fails leaves the old one untouched") func failure() throws {
    var bench = try updating()
    let old = try #require(leaving(bench).first)
    try bench.send(.taskStatus(try bench.task(0).id, .running))
    try bench.send(.taskStatus(try bench.task(0).id, .failed, message: "exit 1"))
    #expect(bench.killed.isEmpty)
    #expect(bench.active.map(\.id) == [old.id] && leaving(bench).isEmpty)
    try bench.pass(.seconds(10))
    #expect(status(bench) == .rolledBack)
    #expect(bench.scheduler.state.jobs[key]?.desired == [0: 1])
  }

  @Test("Without room, the old task continues and the new one names the missing resource") func noRoom() throws {
    var bench = try updating(1, cpu: 5)
    #expect(leaving(bench).map(\.status) == [.running])
    let new = try bench.task(0)
    #expect(new.status == .pending)
    #expect(bench.scheduler.state.waitReason(of: new) == "needs 5.0 CPU, 3.0 of 8.0 is free")
    try bench.send(.abortUpdate(key))
    #expect(bench.active.map(\.status) == [.running] && leaving(bench).isEmpty)
    #expect(bench.active.map(\.revision) == [1])
  }

  @Test("A manual rollback keeps the old task of an unfinished instance") func rollback() throws {
    var bench = try updating(2)
    let old = try #require(leaving(bench).first)
    try bench.send(.taskStatus(try bench.task(0).id, .running))
    let new = try bench.task(0)
    try bench.send(.rollbackUpdate(key))
    #expect(bench.killed == [new.id])
    #expect(try bench.task(0).id == old.id)
    try bench.send(.taskStatus(new.id, .killed))
    try bench.pass(.seconds(10))
    #expect(status(bench) == .rolledBack)
    #expect(bench.scheduler.state.placedTasks.count == 2)
  }

  @Test("A rollback returns to an old copy that still starts, and never starts a third") func startingCopy() throws {
    var bench = try Bench()
    try bench.send(.createJob(configuration(instances: 1, update: settings)))
    let old = try bench.task(0)
    try bench.send(.taskStatus(old.id, .starting))
    try bench.send(.startUpdate(configuration(instances: 1, version: 2, update: settings)))
    let new = try bench.task(0)
    #expect(leaving(bench).map(\.id) == [old.id])
    try bench.send(.rollbackUpdate(key))
    #expect(bench.killed == [new.id] && bench.launched.isEmpty)
    #expect(try bench.task(0).id == old.id)
    #expect(bench.scheduler.state.placedTasks.count == 2)
    try bench.send(.taskStatus(new.id, .killed))
    try bench.send(.taskStatus(old.id, .running))
    try bench.pass(.seconds(10))
    #expect(status(bench) == .rolledBack)
  }

  @Test("A rollback whose task fails leaves nothing of the reverted release") func failingRollback() throws {
    var settings = settings
    settings.maxTotalFailures = 1
    var bench = try Bench()
    try bench.send(.createJob(configuration(instances: 2, update: settings)))
    try bench.settle()
    try bench.send(.startUpdate(configuration(instances: 2, version: 2, update: settings)))
    let old = try #require(leaving(bench).first)
    try bench.send(.taskStatus(try bench.task(0).id, .running))
    try bench.pass(.seconds(10))
    try bench.send(.taskStatus(old.id, .killed))
    // Instance 0 is done, and instance 1 has begun: both go back.
    try bench.send(.rollbackUpdate(key))
    let new = try #require(bench.scheduler.state.placedTasks.first { $0.instance == 1 && $0.revision == 2 })
    try bench.send(.taskStatus(new.id, .killed))
    try bench.pass(.seconds(10))
    let taken = try #require(leaving(bench).first { $0.instance == 0 })
    #expect(taken.revision == 2)
    try bench.send(.taskStatus(try bench.task(0).id, .failed, message: "exit 1"))
    #expect(bench.killed.contains(taken.id))
    #expect(status(bench) == .rolledBack)
    #expect(bench.scheduler.state.jobs[key]?.desired == [0: 1, 1: 1])
  }

  @Test("An abort keeps the healthy copy") func abort() throws {
    var bench = try updating()
    let old = try #require(leaving(bench).first)
    try bench.send(.taskStatus(try bench.task(0).id, .running))
    try bench.send(.abortUpdate(key))
    #expect(bench.killed == [old.id])
    #expect(try bench.task(0).revision == 2)
  }

  @Test("A killed job ends both copies") func kill() throws {
    var bench = try updating()
    let both = Set([try #require(leaving(bench).first).id, try bench.task(0).id])
    try bench.send(.killJob(key))
    #expect(Set(bench.killed) == both)
    for id in both { try bench.send(.taskStatus(id, .killed)) }
    #expect(bench.scheduler.state.jobs[key] == nil)
  }

  @Test("An old task that ends by itself is not replaced") func oldTaskEnds() throws {
    var bench = try updating()
    let old = try #require(leaving(bench).first)
    let new = try bench.task(0)
    try bench.send(.taskStatus(old.id, .failed))
    #expect(try bench.task(0).id == new.id && bench.launched.isEmpty)
    try bench.send(.taskStatus(new.id, .running))
    try bench.pass(.seconds(10))
    #expect(status(bench) == .rolledForward)
  }

  @Test("A third copy waits until the first has ended") func noThirdCopy() throws {
    var bench = try updating()
    let old = try #require(leaving(bench).first)
    try bench.send(.taskStatus(try bench.task(0).id, .running))
    try bench.pass(.seconds(10))
    #expect(bench.killed == [old.id])
    let second = try bench.task(0)
    try bench.send(.startUpdate(configuration(instances: 1, version: 3, update: settings)))
    #expect(bench.launched.isEmpty && leaving(bench).map(\.id) == [old.id])
    try bench.send(.taskStatus(old.id, .killed))
    #expect(bench.launched.count == 1 && leaving(bench).map(\.id) == [second.id])
  }

  @Test("A restart of the scheduler continues with both copies") func adoption() throws {
    var bench = try updating()
    let old = try #require(leaving(bench).first)
    let new = try bench.task(0)
    bench.scheduler = Scheduler(state: bench.scheduler.state)
    try bench.send(.executorsFound(live: [old.id: 1, new.id: 2], dead: []))
    #expect(bench.killed.isEmpty && bench.launched.isEmpty)
    try bench.send(.taskStatus(new.id, .running))
    try bench.pass(.seconds(10))
    #expect(bench.killed == [old.id])
  }
}

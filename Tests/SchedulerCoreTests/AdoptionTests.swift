import JobModel
import SchedulerCore
import Testing

@Suite struct AdoptionTests {
  @Test func liveExecutorsAreKept() throws {
    var bench = try Bench()
    try bench.send(.createJob(configuration()))
    try bench.settle()
    let before = bench.active.map(\.id)
    try bench.send(.executorsFound(live: [before[0]: 41, before[1]: 42], dead: []))
    #expect(bench.active.map(\.id) == before)
    #expect(bench.active.map(\.executorPID) == [41, 42])
    #expect(bench.launched.isEmpty && bench.killed.isEmpty && bench.destroyed.isEmpty)
  }

  @Test func whatWasStoredButNotCarriedOutIsAskedForAgain() throws {
    var bench = try Bench()
    try bench.send(.createJob(configuration()))
    let before = bench.active.map(\.id)
    try bench.send(.executorsFound(live: [:], dead: []))
    #expect(bench.launched == before)
    try bench.settle()
    try bench.send(.killJob(key, instances: [0]))
    try bench.send(.executorsFound(live: [before[0]: 1, before[1]: 2], dead: []))
    #expect(bench.killed == [before[0]])
  }

  @Test func whatHasDiedIsReplaced() throws {
    var bench = try Bench()
    try bench.send(.createJob(configuration()))
    let before = bench.active
    try bench.send(.taskStatus(before[1].id, .running))
    try bench.pass(.seconds(290))
    try bench.send(.executorsFound(live: [:], dead: [before[0].id]))
    #expect(before.map { bench.scheduler.state.tasks[$0.id]?.status } == [.lost, .lost])
    #expect(bench.active.map(\.status) == [.assigned, .assigned])
    #expect(bench.active.map(\.ancestor) == before.map(\.id))
  }

  @Test func whatLivesWithoutBeingWantedIsDestroyed() throws {
    var bench = try Bench()
    try bench.send(.executorsFound(live: ["unknown": 5], dead: []))
    #expect(bench.destroyed == ["unknown"])
  }
}

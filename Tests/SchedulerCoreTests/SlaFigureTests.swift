import JobModel
import SchedulerCore
import Testing

@Suite struct SlaFigureTests {
  @Test("SLA figures are medians of waits and percentiles of uptimes") func figures() throws {
    var bench = try Bench(offer: nil)
    try bench.send(.createJob(configuration(instances: 4)))
    try bench.pass(.seconds(10))
    try bench.send(.hostOffer(offer))
    try bench.pass(.seconds(5))
    for instance in 0..<3 { try bench.send(.taskStatus(try bench.task(instance).id, .running)) }
    try bench.pass(.seconds(100))
    let figures = try #require(bench.scheduler.state.slaFigures(of: key, at: bench.scheduler.state.time))
    #expect(figures.timeToAssigned == .seconds(10) && figures.timeToRunning == .seconds(15))
    #expect(figures.running == 75)
    #expect(figures.uptime == [50: .seconds(100), 75: .seconds(100), 90: .zero, 95: .zero, 99: .zero])
    let other = JobKey(cluster: "a", role: "b", stage: "c", name: "d")
    #expect(bench.scheduler.state.slaFigures(of: other, at: bench.scheduler.state.time) == nil)
  }
}

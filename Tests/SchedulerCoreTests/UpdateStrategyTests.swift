import JobModel
import SchedulerCore
import Testing

@Suite struct UpdateStrategyTests {
  private func running(_ instances: Int, update: UpdateConfiguration) throws -> Bench {
    var bench = try Bench()
    try bench.send(.createJob(configuration(instances: instances, update: update)))
    try bench.settle()
    return bench
  }

  private func status(_ bench: Bench) -> UpdateStatus? { bench.scheduler.state.summary(of: key)?.update?.status }
  private func versions(_ bench: Bench) -> [Int] { bench.active.map(\.revision) }

  @Test("A queue begins the next instance as soon as one is done") func queue() throws {
    let settings = UpdateConfiguration(batchSize: 2, watch: .zero)
    var bench = try running(4, update: settings)
    try bench.send(.startUpdate(configuration(instances: 4, version: 2, update: settings)))
    #expect(bench.active.map(\.status) == [.restarting, .restarting, .running, .running])
    try bench.send(.taskStatus(try bench.task(1).id, .killed))
    try bench.send(.taskStatus(try bench.task(1).id, .running))
    #expect(bench.active.map(\.status) == [.restarting, .running, .restarting, .running])
  }

  @Test("A batch ends before the next begins, and variable batches grow") func variableBatches() throws {
    let settings = UpdateConfiguration(strategy: .variableBatch(batchSizes: [1, 2], autopause: false), watch: .zero)
    var bench = try running(5, update: settings)
    try bench.send(.startUpdate(configuration(instances: 5, version: 2, update: settings)))
    try bench.send(.taskStatus(try bench.task(0).id, .killed))
    #expect(bench.active.map(\.status) == [.assigned, .running, .running, .running, .running])
    try bench.send(.taskStatus(try bench.task(0).id, .running))
    #expect(bench.active.map(\.status) == [.running, .restarting, .restarting, .running, .running])
    try bench.send(.taskStatus(try bench.task(1).id, .killed))
    try bench.send(.taskStatus(try bench.task(1).id, .running))
    #expect(bench.active.map(\.status) == [.running, .running, .restarting, .running, .running])
    try bench.settle()
    #expect(versions(bench) == [2, 2, 2, 2, 2])
    #expect(status(bench) == .rolledForward)
  }

  @Test("An update with autopause waits after each batch but the last") func autopause() throws {
    let settings = UpdateConfiguration(strategy: .batch(batchSize: 1, autopause: true), watch: .zero)
    var bench = try running(2, update: settings)
    try bench.send(.startUpdate(configuration(version: 2, update: settings)))
    try bench.settle()
    #expect(status(bench) == .rollForwardPaused)
    #expect(versions(bench) == [2, 1])
    try bench.pass(.seconds(3600))
    #expect(status(bench) == .rollForwardPaused)
    try bench.send(.resumeUpdate(key))
    try bench.settle()
    #expect(status(bench) == .rolledForward)
  }

  @Test("A rollback undoes the last batch first") func rollbackOrder() throws {
    let settings = UpdateConfiguration(strategy: .batch(batchSize: 2, autopause: false), watch: .zero)
    var bench = try running(4, update: settings)
    try bench.send(.startUpdate(configuration(instances: 4, version: 2, update: settings)))
    try bench.settle()
    try bench.send(.startUpdate(configuration(instances: 4, version: 3, update: settings)))
    for instance in [0, 1] {
      try bench.send(.taskStatus(try bench.task(instance).id, .killed))
      try bench.send(.taskStatus(try bench.task(instance).id, .running))
    }
    try bench.send(.taskStatus(try bench.task(2).id, .killed))
    try bench.send(.taskStatus(try bench.task(2).id, .failed, message: "exit 1"))
    #expect(status(bench) == .rollingBack)
    #expect(bench.active.map(\.status) == [.running, .running, .assigned, .restarting])
    try bench.settle()
    #expect(status(bench) == .rolledBack)
    #expect(versions(bench) == [2, 2, 2, 2])
  }

  @Test("An update with pulses starts with a pulse and waits for a late one") func pulses() throws {
    let settings = UpdateConfiguration(strategy: .queue(batchSize: 1), watch: .zero, pulseInterval: .seconds(60))
    var bench = try running(3, update: settings)
    try bench.send(.startUpdate(configuration(instances: 3, version: 2, update: settings)))
    #expect(status(bench) == .rollForwardAwaitingPulse)
    #expect(bench.active.map(\.status) == [.running, .running, .running])
    try bench.send(.pulseUpdate(key))
    #expect(bench.active.map(\.status) == [.restarting, .running, .running])
    #expect(bench.wake == bench.time + .seconds(15))
    try bench.pass(.seconds(60))
    #expect(status(bench) == .rollForwardAwaitingPulse)
    try bench.settle()
    #expect(bench.active.map(\.status) == [.running, .running, .running])
    try bench.send(.pauseUpdate(key))
    try bench.send(.resumeUpdate(key))
    #expect(status(bench) == .rollForwardAwaitingPulse)
    try bench.send(.pulseUpdate(key))
    try bench.settle()
    #expect(status(bench) == .rolledForward)
    #expect(throws: SchedulerError.noUpdate(key)) { try bench.send(.pulseUpdate(key)) }
  }

  @Test("A pulse of an update without an interval is refused") func needlessPulse() throws {
    let settings = UpdateConfiguration(watch: .seconds(9))
    var bench = try running(1, update: settings)
    try bench.send(.startUpdate(configuration(instances: 1, version: 2, update: settings)))
    #expect(throws: SchedulerError.self) { try bench.send(.pulseUpdate(key)) }
  }

  @Test("A failed check during the watch starts the watch again") func watchStartsAgain() throws {
    let settings = UpdateConfiguration(watch: .seconds(30))
    func job(_ version: Int) -> JobConfiguration {
      configuration(instances: 1, version: version, update: settings) {
        $0.healthCheck = HealthCheckConfiguration(checker: .tcp(port: "http"), maxConsecutiveFailures: 3)
      }
    }
    var bench = try Bench()
    try bench.send(.createJob(job(1)))
    try bench.settle()
    try bench.send(.startUpdate(job(2)))
    try bench.settle()
    try bench.pass(.seconds(20))
    try bench.send(.taskHealth(try bench.task(0).id, HealthReport(healthy: false, consecutiveFailures: 1)))
    try bench.pass(.seconds(20))
    #expect(status(bench) == .rollingForward)
    try bench.send(.taskHealth(try bench.task(0).id, HealthReport(healthy: true)))
    try bench.pass(.seconds(29))
    #expect(status(bench) == .rollingForward)
    try bench.pass(.seconds(1))
    #expect(status(bench) == .rolledForward)
  }

  @Test("A canary for a missing instance is refused") func unknownCanary() throws {
    let settings = UpdateConfiguration(watch: .zero)
    var bench = try running(2, update: settings)
    #expect(throws: SchedulerError.noSuchInstances(key, [5])) {
      try bench.send(.startUpdate(configuration(version: 2, update: settings), instances: [1, 5]))
    }
  }
}

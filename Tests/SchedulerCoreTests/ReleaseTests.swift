import JobModel
import SchedulerCore
import Testing

@Suite struct ReleaseTests {
  private func running(_ instances: Int = 2) throws -> Bench {
    var bench = try Bench()
    try bench.send(.createJob(configuration(instances: instances), user: "ann", reason: "first"))
    try bench.settle()
    return bench
  }

  private func job(_ bench: Bench) throws -> JobRecord { try #require(bench.scheduler.state.jobs[key]) }

  /// Lets an update go on until it is over.
  private func finish(_ bench: inout Bench) throws {
    for _ in 0..<20 where bench.scheduler.state.activeUpdate(of: key) != nil {
      try bench.settle()
      try bench.pass(.seconds(30))
    }
    try #require(bench.scheduler.state.activeUpdate(of: key) == nil)
  }

  @Test("Every accepted configuration is a release with user, reason and cause") func releasesAreKept() throws {
    var bench = try running()
    try bench.send(.startUpdate(configuration(version: 2), user: "bob", reason: "faster"))
    try finish(&bench)
    try bench.send(.scaleJob(key, to: 3, user: "eve"))
    try finish(&bench)
    let releases = try job(bench).revisions
    #expect(releases.map(\.number) == [1, 2, 3])
    #expect(releases.map(\.user) == ["ann", "bob", "eve"])
    #expect(releases.map(\.reason) == ["first", "faster", nil])
    #expect(releases.map(\.cause) == [.create, .update, .scale])
    #expect(releases.map(\.result) == [.rolledForward, .rolledForward, .rolledForward])
    #expect(try job(bench).current == 3)
  }

  @Test("A change of only metadata becomes a release and touches no task") func metadataTouchesNothing() throws {
    var bench = try running()
    let before = bench.active
    try bench.send(
      .startUpdate(
        configuration {
          $0.metadata = ["team": "red"]
          $0.update.batchSize = 7
          $0.priority = 3
        }))
    #expect(bench.active.map(\.id) == before.map(\.id))
    #expect(bench.active.map(\.status) == before.map(\.status))
    #expect(bench.killed.isEmpty && bench.launched.isEmpty)
    #expect(try job(bench).current == 2)
    #expect(bench.active.map(\.revision) == [2, 2])
    #expect(bench.scheduler.state.summary(of: key)?.update?.status == .rolledForward)
  }

  @Test("Another commit of an artifact with the same digest restarts nothing") func sameDigest() throws {
    func artifact(_ commit: Character, _ digest: Character) -> TaskArtifact {
      TaskArtifact(
        name: "ball", version: String(repeating: commit, count: 40), digest: String(repeating: digest, count: 64))
    }
    var bench = try Bench()
    try bench.send(.createJob(configuration { $0.task.artifacts = [artifact("a", "1")] }))
    try bench.settle()
    let before = bench.active.map(\.id)
    try bench.send(.startUpdate(configuration { $0.task.artifacts = [artifact("b", "1")] }))
    #expect(bench.active.map(\.id) == before)
    let commits = ["a", "b"].map { [String(repeating: $0, count: 40)] }
    #expect(try job(bench).revisions.map(\.commits) == commits)
    try bench.send(.startUpdate(configuration { $0.task.artifacts = [artifact("b", "2")] }))
    #expect(bench.killed == [before[0]])
  }

  @Test("Scaling touches no remaining instance") func scaling() throws {
    var bench = try running(3)
    let before = bench.active.map(\.id)
    try bench.send(.scaleJob(key, to: 4))
    try finish(&bench)
    #expect(bench.active.prefix(3).map(\.id) == before && bench.active.count == 4)
    try bench.send(.scaleJob(key, to: 1))
    try finish(&bench)
    #expect(bench.active.map(\.id) == [before[0]])
    #expect(throws: SchedulerError.unchanged(key)) { try bench.send(.scaleJob(key, to: 1)) }
    #expect(throws: SchedulerError.self) { try bench.send(.scaleJob(key, to: 0)) }
  }

  @Test("A rollback restores an earlier release completely, as a new release") func rollback() throws {
    var bench = try running()
    try bench.send(.startUpdate(configuration(instances: 3, version: 2)))
    try finish(&bench)
    try bench.send(.startUpdate(configuration(instances: 1, version: 3)))
    try finish(&bench)
    try bench.send(.rollbackJob(key, to: 1, user: "ann", reason: "slow"))
    try finish(&bench)
    let restored = try job(bench)
    #expect(restored.configuration == configuration())
    #expect(restored.current == 4 && restored.revisions.last?.cause == .rollback(to: 1))
    #expect(bench.active.count == 2)
    // Without a number: what was there before.
    try bench.send(.rollbackJob(key))
    try finish(&bench)
    #expect(try job(bench).configuration == configuration(instances: 1, version: 3))
    #expect(throws: SchedulerError.noSuchRelease(key, 9, known: [1, 2, 3, 4, 5])) {
      try bench.send(.rollbackJob(key, to: 9))
    }
  }

  @Test("A rollback skips releases that failed") func rollbackSkipsFailed() throws {
    var bench = try running()
    try bench.send(.startUpdate(configuration(version: 2)))
    try finish(&bench)
    try bench.send(.startUpdate(configuration(version: 3)))
    try bench.settle()
    try bench.send(.taskStatus(try bench.task(0).id, .failed))
    try finish(&bench)
    #expect(try job(bench).revisions.map(\.result) == [.rolledForward, .rolledForward, .rolledBack])
    #expect(try job(bench).current == 2)
    try bench.send(.rollbackJob(key))
    try finish(&bench)
    #expect(try job(bench).configuration == configuration())
  }

  @Test("A rollback reverses an update in progress") func rollbackOfUpdate() throws {
    var bench = try running()
    try bench.send(.startUpdate(configuration(version: 2)))
    try bench.settle()
    #expect(throws: SchedulerError.self) { try bench.send(.rollbackJob(key, to: 2)) }
    try bench.send(.rollbackJob(key, to: 1))
    try finish(&bench)
    #expect(bench.active.map(\.revision) == [1, 1])
    #expect(bench.scheduler.state.summary(of: key)?.update?.status == .rolledBack)
  }

  @Test("A killed job keeps its releases, and a new job of its name continues their numbers") func formerJob() throws {
    var bench = try running()
    try bench.send(.killJob(key, user: "ann", reason: "no use"))
    try bench.settle()
    #expect(bench.scheduler.state.jobs[key] == nil)
    #expect(bench.scheduler.state.record(of: key)?.revisions.count == 1)
    try bench.send(.createJob(configuration(version: 2)))
    #expect(try job(bench).revisions.map(\.number) == [1, 2])
    #expect(bench.scheduler.state.formerJobs.isEmpty)
    try bench.send(.killJob(key))
    try bench.settle()
    try bench.pass(.seconds(3 * 86_400))
    try bench.pass(.seconds(61))
    #expect(bench.scheduler.state.record(of: key) == nil)
  }

  @Test("A proposal describes an update and changes nothing") func proposals() throws {
    let bench = try running(3)
    let settings = UpdateConfiguration(strategy: .variableBatch(batchSizes: [1, 2], autopause: false), watch: .zero)
    let proposal = try bench.scheduler.proposal(configuration(instances: 4, version: 2, update: settings))
    #expect(proposal.batches == [[3], [0, 1], [2]])
    #expect(proposal.revision.number == 2 && !proposal.isKnown && proposal.untouched == 0)
    #expect(try bench.scheduler.proposal(configuration(instances: 3)).isUnchanged)
    #expect(bench.scheduler.state.updates.isEmpty)
  }
}

import Diagnostics
import Glibc
import JSON
import JobModel
import SchedulerClient
import SchedulerStore
import Synchronization
import SystemSupport
import Testing

/// SIGKILL of the real scheduler at random moments of a workload. `KILT_KILLS` says how often; `scripts/kill-scheduler`
/// runs 500.
@Suite(.serialized) struct KillTests {
  private static let kills = getenv("KILT_KILLS").flatMap { Int(String(cString: $0)) } ?? 8
  private static let names = ["a", "b", "c", "d"]

  /// What was acknowledged, by job: whether it exists. A request without an answer may have happened or not.
  private struct Known {
    var exists: [String: Bool?] = [:]
  }

  /// One request; true when it was acknowledged, false when it was refused, nil without an answer.
  private func ask(_ body: () throws -> Void) -> Bool? {
    do {
      try body()
      return true
    } catch {
      // Only the scheduler's own word is a refusal: a connection that broke says nothing.
      return (error as? any DiagnosableError)?.diagnostic.blame == .input ? false : nil
    }
  }

  @Test("Nothing acknowledged is lost, nothing runs twice and nothing is disturbed by SIGKILL") func kills() throws {
    let fixture = try SchedulerFixture()
    let steady = SchedulerFixture.key("steady")
    try fixture.client().create(fixture.job("steady"))
    let before = try fixture.waitUntilRunning(steady)
    let servers = try before.map { try fixture.server(of: $0) }
    var random = SystemRandomNumberGenerator()
    var known = Known()
    for name in Self.names { known.exists[name] = false }
    for round in 0..<Self.kills {
      let name = Self.names.randomElement(using: &random) ?? "a"
      let key = SchedulerFixture.key(name)
      let action = Int.random(in: 0..<4, using: &random)
      let answer = Mutex<Bool?>(nil)
      let delay = Int.random(in: 0..<60, using: &random)
      let client = try fixture.client()
      performInParallel(count: 2, threads: 2) { role in
        if role == 0 {
          let result: Bool? =
            switch action {
            case 0, 1: ask { try client.create(fixture.job(name, instances: 1)) }
            case 2: ask { try client.kill(key) }
            default: ask { try client.restart(key) }
            }
          answer.withLock { $0 = result }
        } else {
          pauseMilliseconds(delay)
          fixture.endScheduler(SIGKILL)
        }
      }
      switch (action, answer.withLock { $0 }) {
      case (0...1, true): known.exists[name] = true
      case (2, true): known.exists[name] = false
      case (0...2, nil): known.exists[name] = .some(nil)
      default: break
      }
      try fixture.start()
      try verify(fixture, known, "round \(round), action \(action) on \(name)")
    }
    let after = try fixture.waitUntilRunning(steady)
    #expect(after.map(\.taskID) == before.map(\.taskID))
    #expect(try after.map { try fixture.server(of: $0) } == servers)
    fixture.endScheduler(SIGTERM)
    try SchedulerStore.check(fixture.state.appending("scheduler.sqlite").string)
  }

  private func verify(_ fixture: SchedulerFixture, _ known: Known, _ comment: String) throws {
    let client = try fixture.client()
    for (name, exists) in known.exists {
      guard let exists else { continue }
      try waitUntil("\(comment): job \(name) is as acknowledged") {
        let job = try client.job(SchedulerFixture.key(name))
        // A killed job ends in its own time.
        return exists ? job != nil : job == nil || job?.summary.isEnding == true
      }
    }
    // Never two tasks of one instance.
    for summary in try client.jobs() {
      let instances = try client.job(summary.key)?.instances ?? []
      #expect(Set(instances.map(\.instance)).count == instances.count, "\(comment)")
    }
  }
}

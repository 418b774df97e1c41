import Diagnostics
import Glibc
import JSON
import JobModel
import SchedulerClient
import SchedulerStore
import Synchronization
import SystemSupport
import TestServers
import Testing

/// SIGKILL of the real scheduler at random moments of a workload. `KILT_KILLS` says how often; `scripts/kill-scheduler`
/// runs 500.
@Suite(.serialized) struct KillTests {
  private static let kills = getenv("KILT_KILLS").flatMap { Int(String(cString: $0)) } ?? 8
  private static let names = ["a", "b", "c", "d"]

  /// What was acknowledged, by job. A request without an answer may have happened or not.
  private struct Known {
    /// Whether the job exists; nil when that is not known.
    var exists: [String: Bool?] = [:]
    /// The last update of the job that was acknowledged.
    var update: [String: UpdateID] = [:]

    mutating func forget(_ name: String) {
      exists[name] = .some(nil)
      update[name] = nil
    }
  }

  /// A request, or what a task does meanwhile.
  private enum Action: String, CaseIterable {
    case create, kill, restart, update, rollBack, abort, crash, killExecutor
  }

  /// What came of an action.
  private enum Answer: Sendable {
    case acknowledged(UpdateID?)
    case refused
    /// Without an answer, it may have happened.
    case unknown
  }

  private func carryOut(
    _ action: Action, _ key: JobKey, _ round: Int, _ fixture: SchedulerFixture, _ client: SchedulerClient
  ) -> Answer {
    do {
      switch action {
      case .create: try client.create(fixture.job(key.name, instances: 1))
      case .kill: try client.kill(key)
      case .restart: return .acknowledged(try client.restart(key).update)
      case .update:
        var job = fixture.job(key.name, instances: 1 + round % 3)
        // Each third release fails at once, and is rolled back by the scheduler.
        job.task.processes[0].cmdline =
          round % 3 == 0 ? "exit 1 # \(round)" : job.task.processes[0].cmdline + " \(round)"
        return .acknowledged(try client.update(job).update)
      case .rollBack: return .acknowledged(try client.rollBack(key, to: nil).update)
      case .abort: _ = try client.changeUpdate(key, "abort")
      case .crash, .killExecutor:
        guard let instance = try client.job(key)?.instances.first else { return .refused }
        let victims = action == .crash ? instance.pids : [instance.executorPID].compactMap { $0 }
        for id in victims { Glibc.kill(id, SIGKILL) }
      }
      return .acknowledged(nil)
    } catch {
      // Only the scheduler's own word is a refusal: a connection that broke says nothing.
      return (error as? any DiagnosableError)?.diagnostic.blame == .input ? .refused : .unknown
    }
  }

  @Test("SIGKILL loses nothing acknowledged, repeats no task and disturbs nothing") func kills() throws {
    let fixture = try SchedulerFixture(["--flapping-delay", "1"])
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
      // Jobs that exist are what most actions need.
      let action = round % 3 == 0 ? .create : Action.allCases.randomElement(using: &random) ?? .create
      let answer = Mutex(Answer.unknown)
      let delay = Int.random(in: 0..<60, using: &random)
      let client = try fixture.client()
      performInParallel(count: 2, threads: 2) { role in
        if role == 0 {
          let result = carryOut(action, key, round, fixture, client)
          answer.withLock { $0 = result }
        } else {
          pauseMilliseconds(delay)
          fixture.endScheduler(SIGKILL)
        }
      }
      switch (action, answer.withLock { $0 }) {
      case (.create, .acknowledged), (.update, .acknowledged(nil)): known.exists[name] = true
      case (.update, .acknowledged(let update)), (.restart, .acknowledged(let update)),
        (.rollBack, .acknowledged(let update)):
        known.exists[name] = true
        if let update { known.update[name] = update }
      case (.kill, .acknowledged):
        known.exists[name] = false
        known.update[name] = nil
      case (_, .unknown): known.forget(name)
      default: break
      }
      try fixture.start()
      try verify(fixture, known, "round \(round), \(action) on \(name)")
    }
    let after = try fixture.waitUntilRunning(steady)
    #expect(after.map(\.taskID) == before.map(\.taskID))
    #expect(try after.map { try fixture.server(of: $0) } == servers)
    try endAll(fixture, but: steady, servers)
    fixture.endScheduler(SIGTERM)
    try SchedulerStore.check(fixture.state.appending("scheduler.sqlite").string)
  }

  /// Kills every other job: what is left then runs twice, or belongs to nobody.
  private func endAll(_ fixture: SchedulerFixture, but steady: JobKey, _ servers: [pid_t]) throws {
    let client = try fixture.client()
    for summary in try client.jobs() where summary.key != steady && !summary.isEnding { try client.kill(summary.key) }
    try waitUntil("only the steady job is left") { try client.jobs().map(\.key) == [steady] }
    try waitUntil("nothing else runs") {
      let pythons = fixture.processes().filter { id in
        do { return try FileSystem.readLink(FilePath("/proc/\(id)/exe")).string.contains("python") } catch {
          return false
        }
      }
      return Set(pythons) == Set(servers)
    }
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
    for (name, update) in known.update where known.exists[name] == .some(true) {
      #expect(try client.update(update) != nil, "\(comment): update \(update) of \(name) is forgotten")
    }
    // Never two tasks of one instance.
    for summary in try client.jobs() {
      let instances = try client.job(summary.key)?.instances ?? []
      #expect(Set(instances.map(\.instance)).count == instances.count, "\(comment)")
    }
  }
}

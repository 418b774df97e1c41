import Glibc
import Synchronization
import SystemSupport
import Testing

/// A runner cache that several processes use at once, and one that another user could have written.
@Suite("A shared runner cache") struct SharedCacheTests {
  let fixture: RunnerFixture

  init() throws { fixture = try RunnerFixture() }

  @Test("Starts during continuous eviction run the right program")
  func evictionBesideStarts() throws {
    for (index, commit) in "abc".enumerated() {
      try fixture.publish(
        "igor", commit, script: "echo program \(commit)\n", wheel: Array(repeating: UInt8(index), count: 50_000),
        created: 1_700_000_000 + Int64(index))
    }
    let problems = Mutex<[String]>([])
    let running = Mutex(3)
    performInParallel(count: 4, threads: 4) { thread in
      do {
        if thread == 0 {
          while running.withLock({ $0 > 0 }) {
            let outcome = try fixture.run("cache", "gc", "--max-size", "1")
            if outcome.termination != .exited(0) { problems.withLock { $0.append(outcome.errorText) } }
          }
          return
        }
        defer { running.withLock { $0 -= 1 } }
        for round in 0..<10 {
          let commit = ["a", "b", "c"][(thread + round) % 3]
          let outcome = try fixture.run("run", "-q", "igor@\(String(repeating: commit, count: 40))")
          if outcome.text != "program \(commit)" || !outcome.errorText.isEmpty {
            problems.withLock { $0.append("\(commit): \(outcome.termination) \(outcome.text) \(outcome.errorText)") }
          }
        }
      } catch {
        problems.withLock { $0.append("\(error)") }
      }
    }
    #expect(problems.withLock { $0 } == [])
  }

  @Test("Nothing runs from another user's cache, and nothing is written to it", .enabled(if: geteuid() == 0))
  func foreignCache() throws {
    try fixture.publish(script: "echo ran\n")
    #expect(try fixture.run("run", "-q", "igor@aaaaaaaaaaaa").text == "ran")
    // The same cache, which now belongs to somebody else, or can be written by everybody.
    #expect(chown(fixture.cachePath.string, 1234, 1234) == 0)
    for _ in 0..<2 {
      for verb in [["run", "igor@aaaaaaaaaaaa"], ["fetch", "igor@aaaaaaaaaaaa"], ["path", "igor@aaaaaaaaaaaa"]] {
        let outcome = try Subprocess(
          fixture.executable.string, verb, environment: fixture.environment, deadlineMilliseconds: 60_000
        ).run()
        #expect(outcome.termination == .exited(3) && outcome.text.isEmpty, "\(verb): \(outcome.text)")
        #expect(
          outcome.errorText.contains("another user could have changed the programs in it"), "\(outcome.errorText)")
        #expect(outcome.errorText.contains("KILT_RUNNER_CACHE"), "\(outcome.errorText)")
      }
      #expect(chown(fixture.cachePath.string, 0, 0) == 0 && chmod(fixture.cachePath.string, 0o777) == 0)
    }
    #expect(chmod(fixture.cachePath.string, 0o755) == 0)
    #expect(try fixture.run("run", "-q", "igor@aaaaaaaaaaaa").text == "ran")
  }
}

import JobModel
import Testing

@testable import Executor

/// The counting of health checks, under a clock of the test's own.
struct HealthMonitorTests {
  private func monitor(failures: Int = 2, successes: Int = 1) -> HealthMonitor {
    HealthMonitor(
      HealthCheckConfiguration(
        checker: .tcp(port: "http"), initialInterval: .seconds(15), interval: .seconds(10),
        maxConsecutiveFailures: failures, minConsecutiveSuccesses: successes), startedAt: .seconds(1000))
  }

  @Test func failuresInTheInitialIntervalAreNotCounted() {
    var monitor = monitor(failures: 0)
    for second in 1000..<1015 { #expect(monitor.record(problem: "x", at: .seconds(second)) == .undecided) }
    #expect(monitor.record(problem: "x", at: .seconds(1015)) == .unhealthy(reason: "Failed health check: x"))
  }

  @Test func oneFailureMoreThanForgivenIsTheEnd() {
    var monitor = monitor()
    #expect(monitor.record(problem: nil, at: .seconds(1001)) == .healthy)
    #expect(monitor.record(problem: "x", at: .seconds(1020)) == .undecided)
    #expect(monitor.record(problem: "x", at: .seconds(1030)) == .undecided)
    // A success forgives all.
    #expect(monitor.record(problem: nil, at: .seconds(1040)) == .undecided)
    #expect(monitor.record(problem: "x", at: .seconds(1050)) == .undecided)
    #expect(monitor.record(problem: "x", at: .seconds(1060)) == .undecided)
    #expect(
      monitor.record(problem: "y", at: .seconds(1070))
        == .unhealthy(reason: "Failed health check 3 times in a row: y"))
  }

  @Test func healthIsSaidOnceAndOnlyAfterEnoughSuccessesInARow() {
    var monitor = monitor(successes: 2)
    #expect(monitor.record(problem: nil, at: .seconds(1001)) == .undecided)
    #expect(monitor.record(problem: "x", at: .seconds(1002)) == .undecided)
    #expect(monitor.record(problem: nil, at: .seconds(1003)) == .undecided)
    #expect(monitor.record(problem: nil, at: .seconds(1013)) == .healthy)
    #expect(monitor.record(problem: nil, at: .seconds(1023)) == .undecided)
  }

  @Test func aTaskThatFlickersDoesNotStartForEver() {
    var monitor = monitor(failures: 2, successes: 2)
    var now = 1000
    var verdict = HealthMonitor.Verdict.undecided
    while verdict == .undecided, now < 2000 {
      verdict = monitor.record(problem: now % 20 == 0 ? nil : "x", at: .seconds(now))
      now += 10
    }
    #expect(verdict == .unhealthy(reason: "Not healthy within 55 s of its start: x"))
  }

  @Test func aPauseForgetsFailures() {
    var monitor = monitor(failures: 1)
    #expect(monitor.record(problem: "x", at: .seconds(1020)) == .undecided)
    monitor.pause()
    #expect(monitor.record(problem: "x", at: .seconds(1030)) == .undecided)
  }

  @Test func aStartingTaskIsLookedAtMoreOften() {
    var monitor = monitor(successes: 2)
    #expect(monitor.delay(at: .seconds(1001)) == .seconds(1))
    _ = monitor.record(problem: nil, at: .seconds(1001))
    #expect(monitor.delay(at: .seconds(1001)) == .seconds(10))
    #expect(self.monitor().delay(at: .seconds(1015)) == .seconds(10))
  }
}

import JobModel
import SchedulerCore
import Testing

@Suite struct StoredSchedulerTests {
  private struct DiskFull: Error {}
  private let time = Timestamp(milliseconds: 1_700_000_000_000)

  @Test("A failed commit reverts requests that a full disk refuses, and keeps all others") func failedCommit() throws {
    var stored = StoredScheduler(Scheduler())
    _ = stored.apply([.hostOffer(offer), .createJob(configuration())], at: time) { _ in }
    let before = stored.scheduler.state
    #expect(throws: DiskFull.self) {
      try stored.apply([.killJob(key)], at: time) { (_) throws(DiskFull) in throw DiskFull() }
    }
    #expect(stored.scheduler.state == before && !stored.isAhead)
    let kept = try stored.apply([.killJob(key)], at: time, mayWait: true) { (_) throws(DiskFull) in throw DiskFull() }
    #expect(!kept.isStored && stored.isAhead)
    #expect(stored.scheduler.state.jobs[key]?.isEnding == true)
    var written: StateChange?
    let next = stored.apply([.tick], at: time) { written = $0 }
    #expect(next.isStored && !stored.isAhead)
    #expect(written?.changes.jobs == [key])
  }

  @Test("A change that is undone before its commit needs no write") func undone() throws {
    var stored = StoredScheduler(Scheduler())
    _ = stored.apply([.hostOffer(offer)], at: time) { _ in }
    var less = offer
    less.resources.milliCPU /= 2
    _ = try stored.apply([.hostOffer(less)], at: time, mayWait: true) { (_) throws(DiskFull) in throw DiskFull() }
    #expect(stored.isAhead)
    _ = try stored.apply([.hostOffer(offer)], at: time, mayWait: true) { (_) throws(DiskFull) in throw DiskFull() }
    #expect(!stored.isAhead)
  }
}

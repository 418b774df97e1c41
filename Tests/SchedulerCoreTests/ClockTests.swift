import JobModel
import SchedulerCore
import Testing

@Suite struct ClockTests {
  private func reading(wall: Int64, steady: Int64, boot: String = "a") -> ClockReading {
    ClockReading(wall: Timestamp(milliseconds: wall * 1000), steady: .seconds(steady), boot: boot)
  }

  @Test("The clock follows the steady clock and reports jumps of the wall clock") func jumps() {
    var (clock, first) = SchedulerClock.resume(reading(wall: 1000, steady: 10), anchor: nil)
    #expect(first == nil)
    #expect(clock.now(reading(wall: 1005, steady: 15)).milliseconds == 1_005_000)
    #expect(clock.jump(reading(wall: 1006, steady: 15)) == nil)
    let jumped = reading(wall: 1005 + 7200, steady: 15)
    #expect(clock.now(jumped).milliseconds == 1_005_000)
    #expect(clock.jump(jumped) == .seconds(7200))
    clock.follow(jumped)
    #expect(clock.jump(jumped) == nil)
    #expect(clock.now(jumped).milliseconds == 8_205_000)
  }

  @Test("A scheduler reports a jump that happened while none ran, but not across a reboot") func resumed() {
    let clock = SchedulerClock.resume(reading(wall: 1000, steady: 10), anchor: nil).clock
    #expect(SchedulerClock.resume(reading(wall: 1100, steady: 110), anchor: clock.anchor).jump == nil)
    #expect(SchedulerClock.resume(reading(wall: 500, steady: 110), anchor: clock.anchor).jump == .seconds(-600))
    #expect(SchedulerClock.resume(reading(wall: 9000, steady: 5, boot: "b"), anchor: clock.anchor).jump == nil)
  }

  @Test("A jump by hours kills nothing, loses nothing and blocks nothing", arguments: [5 * 3600, -5 * 3600])
  func jumpByHours(_ seconds: Int) throws {
    var bench = try Bench()
    try bench.send(.createJob(configuration(instances: 2)))
    try bench.settle()
    try bench.send(.restartInstances(key, instances: [1]))
    let before = bench.active.map(\.id)
    let jump = Duration.seconds(seconds)
    bench.time = bench.time + jump
    try bench.send(.clockSet(SchedulerClock.Anchor(start: bench.time, boot: "a"), shift: jump))
    #expect(bench.active.map(\.id) == before && bench.active.map(\.status) == [.running, .restarting])
    #expect(bench.killed.isEmpty && bench.destroyed.isEmpty)
    #expect(bench.wake == bench.time + .seconds(15))
    try bench.pass(.seconds(40))
    #expect(bench.destroyed == [before[1]])
  }

  @Test("After a jump ahead a cron job skips missed runs; after a jump back it follows the clock") func cron() throws {
    var bench = try Bench()
    let cron = CronConfiguration(schedule: "0 * * * *")
    try bench.send(.createJob(configuration(instances: 1, isService: false) { $0.cron = cron }))
    func jump(_ seconds: Int) throws {
      bench.time = bench.time + .seconds(seconds)
      try bench.send(.clockSet(SchedulerClock.Anchor(start: bench.time, boot: "a"), shift: .seconds(seconds)))
    }
    try jump(5 * 3600 + 600)
    #expect(bench.launched.isEmpty)
    let missed = bench.effects.contains { effect in
      if case .record(let event) = effect { event.message?.hasPrefix("run missed") == true } else { false }
    }
    #expect(missed)
    let wake = try #require(bench.wake)
    #expect(wake - bench.time <= .seconds(3600))
    try jump(-3 * 3600)
    let next = try #require(bench.wake)
    #expect(next > bench.time && next - bench.time <= .seconds(3600))
  }
}

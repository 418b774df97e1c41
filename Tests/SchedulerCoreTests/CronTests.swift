import JobModel
import SchedulerCore
import Testing

@Suite struct CronTests {
  // 2024-02-28T12:30:00Z, a Wednesday.
  private let start = Timestamp(milliseconds: 1_709_123_400_000)

  @Test(arguments: [
    ("* * * * *", "UTC", "2024-02-28T12:31:00.000Z"), ("*/15 * * * *", "UTC", "2024-02-28T12:45:00.000Z"),
    ("30 12 * * *", "UTC", "2024-02-29T12:30:00.000Z"), ("0 0 29 2 *", "UTC", "2024-02-29T00:00:00.000Z"),
    ("0 3 1 mar *", "UTC", "2024-03-01T03:00:00.000Z"), ("0 9 * * mon-fri", "UTC", "2024-02-29T09:00:00.000Z"),
    ("0 9 * * 0", "UTC", "2024-03-03T09:00:00.000Z"), ("0 9 * * 7", "UTC", "2024-03-03T09:00:00.000Z"),
    // Either day field, when both are restricted.
    ("0 0 13 * fri", "UTC", "2024-03-01T00:00:00.000Z"), ("0 0 1-31/10 * *", "UTC", "2024-03-01T00:00:00.000Z"),
    ("0 0 * * *", "+02:00", "2024-02-28T22:00:00.000Z"), ("0 0 * * *", "-05:30", "2024-02-29T05:30:00.000Z"),
    ("5,10 13 * * *", "GMT", "2024-02-28T13:05:00.000Z"),
  ])
  func isDueAsCrontabSays(_ schedule: String, _ zone: String, _ expected: String) throws {
    let cron = try CronSchedule(CronConfiguration(schedule: schedule, timeZone: zone), zones: .none)
    #expect(cron.next(after: start)?.description == expected)
  }

  @Test func thirtiethOfFebruaryIsNeverDue() throws {
    let cron = try CronSchedule(CronConfiguration(schedule: "0 0 30 2 *"), zones: .none)
    #expect(cron.next(after: start) == nil)
  }

  @Test(arguments: [
    "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "5-1 * * * *",
    "*/0 * * * *", "a * * * *", "1, * * * *", "5/2 * * * *",
  ])
  func whatIsNoCrontabLineIsRefused(_ schedule: String) {
    #expect(throws: CronProblem.self) { try CronSchedule(CronConfiguration(schedule: schedule), zones: .none) }
  }

  private func scheduled(_ policy: CronConfiguration.CollisionPolicy) throws -> Bench {
    var bench = try Bench()
    bench.time = start
    let cron = CronConfiguration(schedule: "0 * * * *", collisionPolicy: policy)
    try bench.send(.createJob(configuration(instances: 1, isService: false) { $0.cron = cron }))
    return bench
  }

  @Test func runsWhenItIsDueAndOnlyThen() throws {
    var bench = try scheduled(.killExisting)
    #expect(bench.active.isEmpty)
    #expect(bench.wake == start + .seconds(1800))
    try bench.pass(.seconds(1799))
    #expect(bench.active.isEmpty)
    try bench.pass(.seconds(1))
    #expect(bench.launched.count == 1)
    try bench.settle()
    try bench.send(.taskStatus(try bench.task(0).id, .finished))
    #expect(bench.active.isEmpty)
    try bench.pass(.seconds(3600))
    #expect(bench.launched.count == 1)
  }

  @Test func aRunThatIsStillThereIsReplacedOrKept() throws {
    var replacing = try scheduled(.killExisting)
    try replacing.pass(.seconds(1800))
    try replacing.settle()
    let first = try replacing.task(0).id
    try replacing.pass(.seconds(3600))
    #expect(replacing.killed == [first])
    try replacing.settle()
    #expect(try replacing.task(0).id != first)
    #expect(try replacing.task(0).status == .running)

    var keeping = try scheduled(.cancelNew)
    try keeping.pass(.seconds(1800))
    try keeping.settle()
    let only = try keeping.task(0).id
    try keeping.pass(.seconds(3600))
    #expect(keeping.killed.isEmpty)
    #expect(try keeping.task(0).id == only)
  }

  @Test func whatWasDueWhileTheSchedulerWasAwayIsNotMadeUpFor() throws {
    var bench = try scheduled(.killExisting)
    try bench.pass(.seconds(1800 + 600))
    #expect(bench.active.isEmpty)
    #expect(bench.wake == start + .seconds(5400))
  }

  @Test func isStartedByHand() throws {
    var bench = try scheduled(.killExisting)
    try bench.send(.startCron(key, user: "ann"))
    #expect(bench.launched.count == 1)
    #expect(throws: SchedulerError.jobExists(key)) {
      try bench.send(.createJob(configuration(isService: false) { $0.cron = CronConfiguration(schedule: "* * * * *") }))
    }
  }
}

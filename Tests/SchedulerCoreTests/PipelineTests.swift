import JSON
import JobModel
import Pipelines
import SchedulerCore
import Testing

/// Runs of pipelines in the state machine: each step a job, each attempt a task.
@Suite struct PipelineTests {
  private static func record(
    _ steps: [PipelineStep], id: String = "demo-1", concurrency: Int? = nil
  ) -> PipelineRecord {
    let steps = steps.map { step in
      var step = step
      step.resources = Resources(cpu: 0.5, ram: 10 << 20, disk: 10 << 20)
      return step
    }
    return PipelineRecord(
      run: PipelineRun(
        id: id, definition: PipelineDefinition(name: "demo", role: "cbe", concurrency: concurrency, steps: steps),
        stage: "devel", parameters: JSONObject(), createdAt: Timestamp(milliseconds: 0), queues: true),
      cluster: "aa", stage: "devel", artifact: nil)
  }

  private static func run(_ bench: Bench) throws -> PipelineRun {
    try #require(bench.scheduler.state.pipelines["demo-1"]).run
  }

  /// The live task of a partition.
  private static func task(_ bench: Bench, _ step: String, _ instance: Int = 0) throws -> TaskID {
    let job = JobKey(cluster: "aa", role: "cbe", stage: "devel", name: "demo-1.\(step)")
    return try #require(bench.scheduler.state.activeTask(of: InstanceKey(job: job, instance: instance)), "\(step)").id
  }

  private static func finish(_ bench: inout Bench, _ id: TaskID, _ output: JSONObject = JSONObject()) throws {
    try bench.send(.taskStatus(id, .running))
    try bench.send(.stepEnded(id, .succeeded(output)))
    try bench.send(.taskStatus(id, .finished))
  }

  @Test("A step is a job whose tasks start when the steps before it have succeeded") func order() throws {
    var bench = try Bench()
    try bench.send(
      .startPipeline(
        Self.record([
          PipelineStep(name: "list", command: "l"),
          PipelineStep(name: "each", command: "e", partitions: .output(step: "list", key: "names")),
        ]), user: "ann"))
    #expect(bench.launched.count == 1 && bench.scheduler.state.jobs.count == 1)
    try Self.finish(&bench, Self.task(bench, "list"), JSONObject([("names", .strings(["x", "y"]))]))
    #expect(bench.launched.count == 2)
    let each = try [Self.task(bench, "each", 0), Self.task(bench, "each", 1)]
    let (record, key) = try #require(bench.scheduler.state.stepAttempt(of: each[1]))
    #expect(record.run[key.partition]?.name == "y" && record.run.user == "ann")
    for id in each { try Self.finish(&bench, id) }
    #expect(try Self.run(bench).status == .succeeded)
    #expect(bench.scheduler.state.jobs.isEmpty, "the jobs of an ended run go")
    #expect(bench.scheduler.indexIsRight)
  }

  @Test("A failed partition is tried again as a new task, and a late report of the old one changes nothing")
  func retries() throws {
    var bench = try Bench()
    try bench.send(
      .startPipeline(Self.record([PipelineStep(name: "a", command: "a", retries: 1, retryDelay: .seconds(10))])))
    let first = try Self.task(bench, "a")
    try bench.send(.taskStatus(first, .running))
    try bench.send(.taskStatus(first, .failed, message: "exit code 1"))
    #expect(bench.scheduler.state.activeTasks.isEmpty && bench.wake == bench.time + .seconds(10))
    try bench.pass(.seconds(10))
    let second = try Self.task(bench, "a")
    #expect(second != first)
    try bench.send(.stepEnded(first, .succeeded(JSONObject())))
    try bench.send(.taskStatus(first, .finished))
    #expect(try Self.run(bench).status == .running)
    try bench.send(.taskStatus(second, .failed, message: "exit code 2"))
    #expect(try Self.run(bench).status == .failed)
    #expect(try Self.run(bench).steps[0].partitions?[0].attempt?.message == "exit code 2")
    try bench.send(.retryPipeline("demo-1"))
    try Self.finish(&bench, Self.task(bench, "a"))
    #expect(try Self.run(bench).status == .succeeded)
    #expect(throws: SchedulerError.runHasEnded("demo-1", .succeeded)) { try bench.send(.retryPipeline("demo-1")) }
    #expect(throws: SchedulerError.noSuchRun("other")) { try bench.send(.cancelPipeline("other")) }
  }

  @Test("A partition is not tried again before nothing is left of its task") func leftovers() throws {
    var bench = try Bench()
    try bench.send(.startPipeline(Self.record([PipelineStep(name: "a", command: "a", timeout: .seconds(60))])))
    let id = try Self.task(bench, "a")
    // Waiting for a place is not running: the timeout counts from the start.
    try bench.pass(.seconds(100))
    try bench.send(.taskStatus(id, .running))
    #expect(bench.wake == bench.time + .seconds(60))
    try bench.pass(.seconds(60))
    #expect(bench.killed == [id])
    try bench.pass(.seconds(120))
    #expect(bench.destroyed.contains(id))
    #expect(try Self.run(bench).status == .running)
    for _ in 0..<10 { try bench.pass(.seconds(60)) }
    #expect(try Self.run(bench).status == .running, "something of it may still run")
    try bench.send(.taskDestroyed(id))
    #expect(try Self.run(bench).status == .failed)
    #expect(try Self.run(bench).steps[0].partitions?[0].attempt?.message == "timed out after 60 s")
  }

  @Test("Cancelling ends running and waiting tasks, and the run") func cancel() throws {
    var bench = try Bench(offer: nil)
    var small = offer
    small.resources.milliCPU = 500
    try bench.send(.hostOffer(small))
    try bench.send(.startPipeline(Self.record([PipelineStep(name: "a", command: "a", partitions: .count(2))])))
    let running = try Self.task(bench, "a", 0)
    try bench.send(.taskStatus(running, .running))
    try bench.send(.cancelPipeline("demo-1"))
    #expect(bench.killed == [running])
    #expect(try Self.run(bench).steps[0].partitions?[1].status == .cancelled)
    try bench.send(.taskStatus(running, .killed))
    #expect(try Self.run(bench).status == .cancelled)
    #expect(bench.scheduler.state.activeTasks.isEmpty)
  }

  @Test("A step's job that a person kills fails its partitions") func killedJob() throws {
    var bench = try Bench()
    try bench.send(.startPipeline(Self.record([PipelineStep(name: "a", command: "a", retries: 5)])))
    let id = try Self.task(bench, "a")
    try bench.send(.taskStatus(id, .running))
    try bench.send(.killJob(JobKey(cluster: "aa", role: "cbe", stage: "devel", name: "demo-1.a")))
    try bench.send(.taskStatus(id, .killed))
    let run = try Self.run(bench)
    #expect(run.status == .failed && run.steps[0].partitions?[0].attempt?.message == "its job was killed")
  }

  @Test("Runs of a pipeline that limits them go one after the other, a retry after those that were asked for before")
  func concurrency() throws {
    var bench = try Bench()
    func record(_ id: String) -> PipelineRecord {
      Self.record([PipelineStep(name: "a", command: "a")], id: id, concurrency: 1)
    }
    func task(_ id: String) throws -> TaskID {
      let job = JobKey(cluster: "aa", role: "cbe", stage: "devel", name: id + ".a")
      return try #require(bench.scheduler.state.activeTask(of: InstanceKey(job: job, instance: 0)), "\(id)").id
    }
    func statuses() -> [PipelineRun.Status] {
      ["demo-1", "demo-2", "demo-3"].compactMap { bench.scheduler.state.pipelines[$0]?.run.status }
    }
    for id in ["demo-1", "demo-2", "demo-3"] {
      try bench.send(.startPipeline(record(id)))
      bench.time = bench.time + .seconds(1)
    }
    #expect(bench.scheduler.state.activeTasks.count == 1)
    try bench.send(.taskStatus(task("demo-1"), .failed, message: "exit code 1"))
    #expect(statuses() == [.failed, .running, .running] && bench.scheduler.state.activeTasks.count == 1)
    try bench.send(.retryPipeline("demo-1"))
    #expect(bench.scheduler.state.activeTasks.count == 1)
    try bench.send(.cancelPipeline("demo-3"))
    #expect(statuses() == [.running, .running, .cancelled])
    try Self.finish(&bench, task("demo-2"))
    try Self.finish(&bench, task("demo-1"))
    #expect(statuses() == [.succeeded, .succeeded, .cancelled])
  }

  @Test("While the store of runs is away nothing starts, ends are kept, and all goes on when it is back")
  func held() throws {
    var bench = try Bench()
    try bench.send(
      .startPipeline(
        Self.record([PipelineStep(name: "a", command: "a"), PipelineStep(name: "b", after: ["a"], command: "b")])))
    let first = try Self.task(bench, "a")
    try bench.send(.holdPipelines(true))
    try Self.finish(&bench, first)
    #expect(try Self.run(bench).steps.map(\.status) == [.succeeded, .waiting])
    #expect(bench.scheduler.state.activeTasks.isEmpty)
    try bench.send(.holdPipelines(false))
    try Self.finish(&bench, Self.task(bench, "b"))
    #expect(try Self.run(bench).status == .succeeded)
  }

  @Test("A run that another scheduler takes ends here, and comes back with its successes") func replaced() throws {
    var bench = try Bench()
    try bench.send(
      .startPipeline(
        Self.record([PipelineStep(name: "a", command: "a"), PipelineStep(name: "b", after: ["a"], command: "b")])))
    try Self.finish(&bench, Self.task(bench, "a"), JSONObject([("n", .int(7))]))
    let running = try Self.task(bench, "b")
    try bench.send(.taskStatus(running, .running))
    let stored = try #require(bench.scheduler.state.pipelines["demo-1"])
    try bench.send(.abandonPipelines(["demo-1", "other"], message: "gone"))
    #expect(bench.killed == [running] && bench.scheduler.state.pipelines.isEmpty)
    let step = JobKey(cluster: "aa", role: "cbe", stage: "devel", name: "demo-1.b")
    #expect(throws: SchedulerError.jobIsEnding(step)) { try bench.send(.adoptPipeline(stored)) }
    try bench.send(.taskStatus(running, .killed))
    #expect(bench.scheduler.state.jobs.isEmpty)
    try bench.send(.adoptPipeline(stored))
    let run = try Self.run(bench)
    #expect(run.steps[0].partitions?[0].output?["n"] == .int(7))
    #expect(run.steps[1].partitions?[0].attempts == 2)
    let again = try Self.task(bench, "b")
    #expect(again != running)
    try Self.finish(&bench, again)
    #expect(try Self.run(bench).status == .succeeded)
    #expect(throws: SchedulerError.runExists("demo-1")) {
      try bench.send(.startPipeline(Self.record([PipelineStep(name: "a", command: "a")])))
    }
  }

  private static func scheduled(_ policy: CronConfiguration.CollisionPolicy) -> ScheduledPipeline {
    var definition = record([PipelineStep(name: "a", command: "a")]).run.definition
    definition.parameters = [
      PipelineParameter(name: "day", kind: .date), PipelineParameter(name: "n", kind: .int),
    ]
    definition.schedule = CronConfiguration(schedule: "0 23 * * *", timeZone: "+01:00", collisionPolicy: policy)
    return ScheduledPipeline(
      definition: definition, cluster: "aa", stage: "devel", parameters: JSONObject([("n", .int(1))]), artifact: nil,
      number: 0x4f2a)
  }

  @Test("A scheduled pipeline runs when it is due, with its day, and a run that is missed by far is skipped")
  func schedule() throws {
    var bench = try Bench()
    // It is 22:13:20 in UTC on 14 November 2023: due at 22:00 in UTC of the next day.
    try bench.send(.schedulePipeline(Self.scheduled(.killExisting), user: "ann"))
    let due = Timestamp(milliseconds: 1_700_085_600_000)
    #expect(bench.wake == due)
    try bench.pass(due - bench.time + .seconds(30))
    let first = try #require(bench.scheduler.state.pipelines["demo-20231115-220000-00004f2a"]?.run)
    #expect(first.parameters == JSONObject([("day", .string("2023-11-15")), ("n", .int(1))]) && first.user == "ann")
    // The next one replaces it.
    let old = try #require(bench.scheduler.state.activeTasks.first?.id)
    try bench.send(.taskStatus(old, .running))
    try bench.pass(.seconds(86_400))
    #expect(bench.killed == [old] && bench.scheduler.state.pipelines.count == 2)
    #expect(bench.scheduler.state.activeTasks.count == 1, "the next run waits for the end of the last one")
    try bench.send(.taskStatus(old, .killed))
    let runs = bench.scheduler.state.pipelines.values.sorted { $0.run.id < $1.run.id }.map(\.run)
    #expect(runs.map(\.status) == [.cancelled, .running] && bench.scheduler.state.activeTasks.count == 1)
    // Ten minutes late: skipped.
    try bench.pass(.seconds(86_400 + 600))
    #expect(bench.scheduler.state.pipelines.count == 2)
    try bench.send(.deschedulePipeline("cbe/devel/demo"))
    #expect(throws: SchedulerError.noSuchSchedule("cbe/devel/demo")) {
      try bench.send(.deschedulePipeline("cbe/devel/demo"))
    }
    var broken = Self.scheduled(.killExisting)
    broken.definition.schedule?.schedule = "never"
    #expect(throws: SchedulerError.self) { try bench.send(.schedulePipeline(broken)) }
  }

  @Test("A scheduled pipeline whose last run is in progress can leave a run out") func collision() throws {
    var bench = try Bench()
    try bench.send(.schedulePipeline(Self.scheduled(.cancelNew)))
    for _ in 0..<2 { try bench.pass((bench.wake ?? bench.time) - bench.time) }
    let due = try #require(bench.scheduler.state.schedules.values.first.flatMap { bench.scheduler.deadline(of: $0) })
    bench.time = due
    try bench.send(.tick)
    #expect(bench.scheduler.state.pipelines.count == 1)
  }

  @Test("What cannot be stored is taken back, and a scheduler that starts anew continues a run") func stored() throws {
    var machine = StoredScheduler(Scheduler())
    struct Full: Error {}
    let time = Timestamp(milliseconds: 1_700_000_000_000)
    _ = machine.apply([.hostOffer(offer)], at: time) { _ in }
    let before = machine.scheduler.state
    let start = SchedulerInput.startPipeline(Self.record([PipelineStep(name: "a", command: "a")]))
    #expect(throws: Full.self) { try machine.apply([start], at: time) { _ throws(Full) in throw Full() } }
    #expect(machine.scheduler.state == before)
    _ = machine.apply([start], at: time) { _ in }
    // The executor ended while the scheduler was away: its last words come before `executorsFound`.
    var again = Scheduler(state: machine.scheduler.state)
    let id = try #require(again.state.activeTasks.first?.id)
    for input: SchedulerInput in [
      .stepEnded(id, .succeeded(JSONObject([("n", .int(1))]))), .taskStatus(id, .running), .taskStatus(id, .finished),
      .executorsFound(live: [:], dead: []),
    ] { _ = try again.apply(input, at: time) }
    let run = try #require(again.state.pipelines["demo-1"]).run
    #expect(run.status == .succeeded && run.steps[0].partitions?[0].output?["n"] == .int(1))
  }
}

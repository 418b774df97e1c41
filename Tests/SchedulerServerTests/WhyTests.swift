import Glibc
import JobModel
import Observability
import SchedulerClient
import SystemSupport
import TestServers
import Testing

/// What the built scheduler tells of the deaths of tasks.
@Suite(.serialized) struct WhyTests {
  /// The account of the only instance, once its first task has ended.
  private func account(_ fixture: SchedulerFixture, _ job: JobConfiguration) throws -> TaskAccount {
    try fixture.client().create(job)
    _ = try fixture.waitForInstances(job.key, "it has ended") { $0.first?.status == .throttled }
    return try #require(try answer(fixture, job.key).accounts.first)
  }

  private func answer(
    _ fixture: SchedulerFixture, _ key: JobKey, instance: Int? = nil, at time: Timestamp? = nil
  ) throws -> WhyAnswer {
    try WhyAnswer(json: fixture.client().why(key, instance: instance, at: time, lines: 3))
  }

  private func job(_ fixture: SchedulerFixture, _ name: String, _ command: String) -> JobConfiguration {
    var job = fixture.job(name, instances: 1)
    job.healthCheck = nil
    job.task.processes[0].cmdline = command
    return job
  }

  @Test("Deaths by memory, exit code and health are reported with cause, use, output and release") func deaths() throws
  {
    let fixture = try SchedulerFixture()
    var hungry = job(
      fixture, "hungry",
      "echo before; exec python3 -c \"x = []\nwhile True: x.append(b'x' * (1 << 20))\"")
    hungry.task.resources.ram = 48 << 20
    let memory = try account(fixture, hungry)
    if getuid() == 0 {
      #expect(memory.cause == .outOfMemory, "\(memory)")
      #expect(memory.memoryPeak ?? 0 > 40 << 20)
      #expect(memory.usage.last?.sample.outOfMemoryKills ?? 0 > 0)
    }
    #expect(memory.processes.first?.stdout == ["before"])
    let exit = try account(fixture, job(fixture, "exits", "for i in 1 2 3 4; do echo $i; done; echo no >&2; exit 3"))
    #expect(exit.cause == .exit && exit.processes.first?.exitCode == 3)
    #expect(exit.processes.first?.stdout == ["2", "3", "4"] && exit.processes.first?.stderr == ["no"])
    #expect(exit.states.first?.status == .pending && exit.states.last?.status == .failed)
    #expect(exit.release?.number == 1 && exit.release?.cause == "create" && exit.limits.milliCPU == 400)
    var sick = job(fixture, "sick", "echo up; exec sleep 600")
    sick.healthCheck = HealthCheckConfiguration(
      checker: .shell(command: "echo no pulse; exit 1"), initialInterval: .milliseconds(100),
      interval: .milliseconds(100), timeout: .seconds(5), maxConsecutiveFailures: 1)
    let health = try account(fixture, sick)
    #expect(health.cause == .health && health.health?.healthy == false, "\(health)")
    #expect(health.health?.message?.contains("no pulse") == true)
  }

  @Test("The account of an instance describes the end nearest to the requested time") func time() throws {
    let fixture = try SchedulerFixture(["--flapping-threshold", "0"])
    let key = SchedulerFixture.key("dies")
    try fixture.client().create(job(fixture, "dies", "echo $TASK_ID; sleep 0.2; exit 1"))
    var ends: [TaskEnding] = []
    try waitUntil("two tasks have ended") {
      if let last = try fixture.client().failures(of: key).first, ends.last?.taskID != last.taskID { ends.append(last) }
      return ends.count == 2
    }
    for end in ends {
      let account = try #require(try answer(fixture, key, at: end.time).accounts.first)
      #expect(account.taskID == end.taskID)
      #expect(account.processes.first?.stdout == [end.taskID.rawValue])
    }
    #expect(try answer(fixture, key, instance: 7).accounts.isEmpty)
  }

  @Test("A task whose executor was killed is lost, and its account has its use and last output") func lost() throws {
    let fixture = try SchedulerFixture()
    let key = SchedulerFixture.key()
    try fixture.client().create(fixture.job(instances: 1))
    let running = try fixture.waitUntilRunning(key, 1)[0]
    kill(try #require(running.executorPID), SIGKILL)
    try waitUntil("it is replaced") { try fixture.client().job(key)?.instances.first?.taskID != running.taskID }
    let account = try #require(try answer(fixture, key).accounts.first { $0.taskID == running.taskID })
    #expect(account.status == .lost && account.cause == .lost)
    #expect(account.processes.first?.stdout == ["serving"])
    #expect(!account.usage.isEmpty)
  }
}

import JSON
import JobModel
import Testing

@testable import Observability

@Suite struct TaskAccountTests {
  private static let time = Timestamp(milliseconds: 1_709_209_800_000)

  private var configuration: JobConfiguration {
    JobConfiguration(
      key: JobKey(cluster: "c", role: "r", stage: "prod", name: "n"),
      task: TaskConfiguration(
        name: "n", processes: [ProcessConfiguration(name: "server", cmdline: "x")],
        resources: Resources(milliCPU: 500, ram: 64 << 20, disk: 1 << 20)),
      healthCheck: HealthCheckConfiguration(checker: .shell(command: "true"), maxConsecutiveFailures: 2))
  }

  private func checkpoint(_ kinds: [CheckpointRecord.Kind]) throws -> Checkpoint {
    let lines = kinds.enumerated().flatMap { index, kind in
      CheckpointRecord(sequence: index, time: Self.time + .seconds(index * 10), kind: kind).line
    }
    return try Checkpoint(parsing: lines)
  }

  private func sample(_ cpu: Int, memory: Int = 1, disk: Int = 0, kills: Int = 0) -> CheckpointRecord.Kind {
    .resources(
      ResourceSample(
        cpuTime: .seconds(cpu), memory: memory, disk: disk, processes: 2, throttled: .seconds(1), memoryPeak: 64 << 20,
        outOfMemoryKills: kills))
  }

  private func run(_ status: ProcessStatus, code: Int32? = nil, signal: Int32? = nil) -> CheckpointRecord.Kind {
    .process(ProcessRun(name: "server", run: 0, status: status, exitCode: code, signal: signal))
  }

  @Test("The cause of a failure follows from recorded facts")
  func cause() throws {
    let cases: [([CheckpointRecord.Kind], TaskAccount.Cause)] = [
      ([run(.running), run(.killed, signal: 9), sample(1, kills: 1)], .outOfMemory),
      ([run(.running), run(.killed, signal: 15), sample(1, disk: 1 << 20)], .disk),
      (
        [
          run(.running), .health(HealthReport(healthy: false, consecutiveFailures: 3)),
          run(.killed, signal: 15), sample(1),
        ], .health
      ),
      ([run(.running), .health(HealthReport(healthy: false, consecutiveFailures: 2)), run(.failed, code: 3)], .exit),
      ([run(.failed, code: 3), sample(1)], .exit), ([run(.failed, signal: 11)], .signal), ([], .neverStarted),
    ]
    for (kinds, expected) in cases {
      let cause = TaskAccount.Cause(
        status: .failed, checkpoint: try checkpoint(kinds), configuration: configuration)
      #expect(cause == expected, "\(kinds)")
    }
    #expect(TaskAccount.Cause(status: .lost, checkpoint: nil, configuration: configuration) == .lost)
    #expect(TaskAccount.Cause(status: .failed, checkpoint: nil, configuration: configuration) == .unknown)
  }

  private func account() throws -> TaskAccount {
    TaskAccount(
      instance: 3, taskID: "t-3", status: .failed, cause: .outOfMemory, time: Self.time,
      message: "killed: out of memory, limit 64 MiB", host: "h1",
      states: [
        TaskEvent(time: Self.time + .seconds(-60), status: .assigned), TaskEvent(time: Self.time, status: .failed),
      ], limits: configuration.task.resources,
      usage: TaskAccount.Usage.last(2, of: try checkpoint([sample(0), sample(4), sample(9, memory: 40 << 20)])),
      processes: [
        TaskAccount.Process(
          name: "server", run: 0, status: .killed, time: Self.time, signal: 9, stdout: ["serving"], stderr: [])
      ], release: Release(number: 7, submittedAt: Self.time + .seconds(-120), user: "igor", instances: 2),
      formerRelease: 6)
  }

  @Test("An account survives a JSON round trip")
  func json() throws {
    let answer = WhyAnswer(
      key: configuration.key, accounts: [try account()],
      others: [WhyAnswer.Other(instance: 1, taskID: "t-1", status: .lost, time: Self.time, message: nil)],
      rememberedSince: Self.time)
    #expect(try WhyAnswer(json: answer.json) == answer)
  }

  @Test("The text contains end, cause, release, memory, CPU and the last lines")
  func text() throws {
    let answer = WhyAnswer(key: configuration.key, accounts: [try account()])
    let lines = WhyText(answer, now: Self.time + .seconds(3600)).lines
    #expect(
      lines == [
        "c/r/prod/n/3 FAILED 2024-02-29T12:30:00.000Z (1 h 0 min ago): killed: out of memory, limit 64 MiB",
        "  cause      the kernel killed a process at the memory limit",
        "  task       t-3 on h1 for 1 min 0 s",
        "  release    7, no artifact, deployed 2024-02-29T12:28:00.000Z (1 h 2 min ago), 2 min 0 s before, by igor",
        "             before it release 6: kilt job history c/r/prod/n --differences",
        "  states     2024-02-29T12:29:00.000Z  ASSIGNED", "             2024-02-29T12:30:00.000Z  FAILED",
        "  memory     64 MiB at most of 64 MiB (100%)",
        "  cpu        9.0 s in all, limit 0.5 cores, held up by it for 1.0 s", "  disk       0 bytes of 1 MiB (0%)",
        "  used       2024-02-29T12:30:10.000Z  cpu 0.4 cores  memory 1 bytes  disk 0 bytes  processes 2",
        "             2024-02-29T12:30:20.000Z  cpu 0.5 cores  memory 40 MiB  disk 0 bytes  processes 2",
        "  process \"server\" KILLED, signal 9 at 2024-02-29T12:30:00.000Z", "    the last lines of stdout:",
        "      | serving", "", "all output: kilt job logs c/r/prod/n/3 --task t-3",
      ])
  }

  @Test("A text of a task cannot forge a line or reach the terminal raw")
  func hostile() throws {
    var account = try account()
    let evil = "x\n  7  RUNNING\u{1B}[2J\r\u{9B}"
    let count = WhyText(WhyAnswer(key: configuration.key, accounts: [account]), now: Self.time).lines.count
    account.message = evil
    account.processes[0].stdout = [evil]
    account.states[0].message = evil
    let lines = WhyText(WhyAnswer(key: configuration.key, accounts: [account]), now: Self.time).lines
    #expect(lines.count == count)
    for line in lines {
      #expect(!line.unicodeScalars.contains { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) }, "\(line)")
    }
  }
}

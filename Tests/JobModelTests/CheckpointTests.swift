import JSON
import JobModel
import Testing

@Suite struct CheckpointTests {
  private let records = [
    CheckpointRecord(
      sequence: 0, time: Timestamp(milliseconds: 10), kind: .executorStarted(pid: 41, startTicks: 999)),
    CheckpointRecord(sequence: 1, time: Timestamp(milliseconds: 11), kind: .taskState(.starting)),
    CheckpointRecord(
      sequence: 2, time: Timestamp(milliseconds: 12),
      kind: .process(ProcessRun(name: "run", run: 0, status: .running, pid: 42))),
    CheckpointRecord(
      sequence: 3, time: Timestamp(milliseconds: 13),
      kind: .health(HealthReport(healthy: false, consecutiveFailures: 1, message: "refused"))),
    CheckpointRecord(
      sequence: 4, time: Timestamp(milliseconds: 14),
      kind: .resources(
        ResourceSample(
          cpuTime: .milliseconds(1250), memory: 1, disk: 2, processes: 3, throttled: .milliseconds(5), memoryPeak: 9,
          outOfMemoryKills: 1))),
    CheckpointRecord(
      sequence: 5, time: Timestamp(milliseconds: 15),
      kind: .process(ProcessRun(name: "run", run: 0, status: .failed, pid: 42, exitCode: 3, signal: nil))),
    CheckpointRecord(sequence: 6, time: Timestamp(milliseconds: 16), kind: .taskState(.failed, message: "run failed")),
    CheckpointRecord(
      sequence: 7, time: Timestamp(milliseconds: 17),
      kind: .announcement(Announcement(host: "h1", port: 31000, endpoints: ["http": 31000, "aurora": 31000]))),
    CheckpointRecord(
      sequence: 8, time: Timestamp(milliseconds: 18), kind: .announcement(nil, reason: "the task is being stopped")),
  ]

  @Test func readsWhatWasAppended() throws {
    let bytes = records.flatMap(\.line)
    let checkpoint = try Checkpoint(parsing: bytes)
    #expect(checkpoint.records == records)
    #expect(checkpoint.validLength == bytes.count)
    #expect(checkpoint.executor?.pid == 41)
    #expect(checkpoint.executor?.startTicks == 999)
    #expect(
      checkpoint.lastEvent == TaskEvent(time: Timestamp(milliseconds: 16), status: .failed, message: "run failed"))
    #expect(checkpoint.processes == [ProcessRun(name: "run", run: 0, status: .failed, pid: 42, exitCode: 3)])
    #expect(checkpoint.health?.consecutiveFailures == 1)
    #expect(checkpoint.resources?.sample.cpuTime == .milliseconds(1250))
  }

  @Test func everyTornEndIsTheRecordsBeforeIt() throws {
    let bytes = records.flatMap(\.line)
    for length in 0...bytes.count {
      let checkpoint = try Checkpoint(parsing: bytes[..<length])
      #expect(checkpoint.records == Array(records.prefix(checkpoint.records.count)))
      #expect(checkpoint.validLength == records.prefix(checkpoint.records.count).map(\.line.count).reduce(0, +))
      #expect(length - checkpoint.validLength < records.map(\.line.count).max() ?? 0)
    }
  }

  @Test func aLastLineOfZeroesIsTorn() throws {
    let bytes = records[0].line + [0, 0, 0, UInt8(ascii: "\n")]
    #expect(try Checkpoint(parsing: bytes).records == [records[0]])
  }

  @Test func damageBeforeTheLastLineIsAnError() {
    let bytes = records[0].line + Array("garbage\n".utf8) + records[1].line
    let error = #expect(throws: CheckpointError.self) { try Checkpoint(parsing: bytes) }
    #expect(error?.line == 2)
  }
}

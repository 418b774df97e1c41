import JSON
import JobModel
import SchedulerClient
import Testing

@testable import KiltCommands

@Suite struct StatusTextTests {
  private static let time = Timestamp(milliseconds: 1_000_000)

  private func text(_ status: JSONValue) throws -> [String] {
    StatusText(try JobStatus(json: status), now: Self.time + .seconds(90), terminal: Terminal(-1)).lines
  }

  private func job(
    isGone: Bool = false, instances: [InstanceStatus], endings: [TaskEnding]
  ) -> JSONValue {
    let key = JobKey(cluster: "c", role: "r", stage: "devel", name: "n")
    let configuration = JobConfiguration(
      key: key, instances: 1,
      task: TaskConfiguration(
        name: "n", processes: [ProcessConfiguration(name: "p", cmdline: "true")],
        resources: Resources(milliCPU: 100, ram: 1 << 20, disk: 1 << 20)))
    let summary = JobSummary(key: key, isService: true, instances: 1, counts: [:])
    return [
      "job": summary.json, "gone": .bool(isGone), "instances": .array(instances.map(\.json)),
      "endings": .array(endings.map(\.json)), "configuration": configuration.json,
    ]
  }

  private func instance(_ task: TaskID, _ status: TaskStatus, _ message: String? = nil) -> InstanceStatus {
    InstanceStatus(instance: 0, taskID: task, status: status, since: Self.time, message: message, restarts: 2)
  }

  private func ending(
    _ task: TaskID, _ status: TaskStatus, _ message: String? = nil, health: HealthReport? = nil,
    _ processes: [TaskEnding.Process] = []
  ) -> TaskEnding {
    TaskEnding(
      instance: 0, taskID: task, release: 1, status: status, time: Self.time, message: message, health: health,
      processes: processes)
  }

  @Test("The status shows why the last task died, its last output, and since when the next waits")
  func death() throws {
    let ending = ending(
      "t1", .failed, "killed: out of memory", health: HealthReport(healthy: false, message: "HTTP 500"),
      [TaskEnding.Process(name: "server", run: 1, status: .killed, signal: 9, output: ["one", "two"])])
    let lines = try text(job(instances: [instance("t2", .throttled, "waits for 30 s")], endings: [ending]))
    #expect(
      lines == [
        "c/r/devel/n", "  0  THROTTLED  for 1 min  restarted 2 times  waits for 30 s",
        "     last ended FAILED 1 min ago: killed: out of memory", "     last health answer: HTTP 500",
        "     process \"server\" KILLED, signal 9", "       | one", "       | two",
      ])
  }

  @Test("The status names the node of each instance where a cluster has several")
  func node() throws {
    var job = try #require(job(instances: [instance("t1", .running)], endings: []).object)
    job["hosts"] = ["t1": "n2\u{1B}"]
    #expect(try text(.object(job)) == ["c/r/devel/n", "  0  RUNNING  for 1 min  on n2\\x1b  restarted 2 times"])
  }

  @Test("The status shows the user of tasks, and that other tasks can bind their ports") func whom() throws {
    var job = try #require(job(instances: [], endings: []).object)
    job["runs_as"] = ["user": "me", "instead_of": "www-data"]
    job["open_ports"] = "only root\u{1B} can"
    #expect(
      try text(.object(job)) == [
        "c/r/devel/n", "  runs as me, instead of \"www-data\"",
        "  ports can be taken by other tasks: only root\\x1b can",
      ])
  }

  @Test("A killed job shows its last instances")
  func gone() throws {
    let lines = try text(job(isGone: true, instances: [], endings: [ending("t1", .killed)]))
    #expect(lines.first == "c/r/devel/n (killed; its last instances)")
    #expect(lines.count == 2 && lines[1].hasPrefix("  0  KILLED"))
  }

  @Test("A text of a task cannot forge a line or reach the terminal raw")
  func hostile() throws {
    let evil = "x\n  7  RUNNING\u{1B}[2J\r\u{9B}"
    let ending = ending(
      "t1", .failed, evil, [TaskEnding.Process(name: evil, run: 0, status: .failed, exitCode: 1, output: [evil])])
    let lines = try text(job(instances: [instance("t2", .pending, evil)], endings: [ending]))
    #expect(lines.count == 5)
    for line in lines {
      #expect(!line.unicodeScalars.contains { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) }, "\(line)")
    }
  }
}

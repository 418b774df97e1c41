import Glibc
import HTTPClient
import JSON
import JobModel
import SchedulerClient
import SystemSupport
import TestServers
import Testing

/// What the built scheduler tells of tasks that have ended.
@Suite(.serialized) struct EndingTests {
  @Test("A dead task is reported with its exit code and its last lines")
  func lastLines() throws {
    let fixture = try SchedulerFixture()
    var job = fixture.job(instances: 1)
    job.healthCheck = nil
    job.task.processes[0].cmdline = "for i in 1 2 3 4 5 6 7; do echo line $i >&2; done; exit 3"
    try fixture.client().create(job)
    _ = try fixture.waitForInstances(SchedulerFixture.key(), "it is throttled") { $0.first?.status == .throttled }
    let ending = try #require(fixture.client().job(SchedulerFixture.key())?.endings.first)
    #expect(ending.status == .failed)
    let process = try #require(ending.processes.first)
    #expect(process.exitCode == 3)
    #expect(process.output == (1...7).map { "line \($0)" })
    // The API, the page of the job and that of the instance tell the same.
    #expect(try fixture.client().failures(of: SchedulerFixture.key()) == [ending])
    for page in ["", "/0"] {
      let text = try fixture.request(.get, "/jobs/\(SchedulerFixture.key())\(page)").text
      #expect(text.contains(process.end) && text.contains("line 7"), "\(text)")
    }
  }

  @Test("After a kill the job's last instances, logs, events and pages stay readable")
  func afterKill() throws {
    let fixture = try SchedulerFixture()
    let client = try fixture.client()
    let key = SchedulerFixture.key()
    try client.create(fixture.job(instances: 2))
    let running = try fixture.waitUntilRunning()
    try client.kill(key)
    try waitUntil("the job is gone") { try client.job(key) == nil }
    let left = try #require(try client.jobOrHistory(key))
    #expect(left.isGone && left.instances.isEmpty)
    #expect(left.endings.map(\.taskID) == running.map(\.taskID))
    #expect(left.endings.allSatisfy { $0.status == .killed })
    #expect(left.json["events"]?.array?.isEmpty == false)
    var log = ""
    _ = try client.log(key, instance: 1, process: "server", stream: "stdout", follow: false) { bytes in
      log += String(decoding: bytes, as: UTF8.self)
      return true
    }
    #expect(log.contains("serving"))
    let page = "/jobs/\(key)"
    for path in [page, page + "/0", page + "/1/logs/server/stdout", page + "/0/files/"] {
      #expect(try fixture.request(.get, path).status == 200, "\(path)")
    }
    // A job that never was is none.
    #expect(try client.jobOrHistory(SchedulerFixture.key("never")) == nil)
    #expect(try fixture.request(.get, "/jobs/\(SchedulerFixture.key("never"))").status == 404)
    // The name can be used again, and then it is a job.
    try client.create(fixture.job(instances: 1))
    #expect(try client.jobOrHistory(key)?.isGone == false)
  }
}

import HTTPClient
import JSON
import JobModel
import SchedulerClient
import Synchronization
import SystemSupport
import TestServers
import Testing

@Suite(.serialized) struct LogTests {
  @Test func aFollowedLogStreamsAcrossRotationAndEndsWithTheTask() throws {
    let fixture = try SchedulerFixture()
    let client = try fixture.client()
    try client.create(fixture.job(instances: 1, rotated: true))
    let instance = try fixture.waitUntilRunning(SchedulerFixture.key(), 1)[0]
    let port = try #require(instance.ports["http"])
    let text = Mutex("")
    let expected = ["serving"] + (0..<30).map { "asked for /number-\($0)" }
    performInParallel(count: 2, threads: 2) { role in
      do {
        if role == 0 {
          let found = try client.log(
            SchedulerFixture.key(), instance: 0, process: "server", stream: "stdout", follow: true
          ) { bytes in
            text.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
            return true
          }
          #expect(found)
        } else {
          try waitUntil("the log is followed") { text.withLock { $0.contains("serving") } }
          for number in 0..<30 {
            let request = HTTPRequest(.get, "http://127.0.0.1:\(port)/number-\(number)")
            #expect(try HTTPClient(retry: .never).send(request).status == 200)
          }
          try waitUntil("the last line has come") { text.withLock { $0.contains("number-29\n") } }
          try client.kill(SchedulerFixture.key())
        }
      } catch {
        Issue.record("\(error)")
      }
    }
    #expect(text.withLock { $0.split(separator: "\n").map(String.init) } == expected)
  }

  @Test func aLogIsReadWholeFromItsEndOrNotAtAll() throws {
    let fixture = try SchedulerFixture()
    let client = try fixture.client()
    try client.create(fixture.job(instances: 1, rotated: true))
    let port = try #require(try fixture.waitUntilRunning(SchedulerFixture.key(), 1)[0].ports["http"])
    for number in 0..<10 {
      _ = try HTTPClient(retry: .never).send(HTTPRequest(.get, "http://127.0.0.1:\(port)/number-\(number)"))
    }
    func log(_ process: String = "server", offset: Int64 = 0) throws -> String? {
      var text = ""
      let found = try client.log(
        SchedulerFixture.key(), instance: 0, process: process, stream: "stdout", follow: false, offset: offset
      ) { bytes in
        text += String(decoding: bytes, as: UTF8.self)
        return true
      }
      return found ? text : nil
    }
    try waitUntil("all is written") { try log()?.hasSuffix("number-9\n") == true }
    #expect(try log()?.split(separator: "\n").count == 11)
    #expect(try log(offset: -9) == "number-9\n")
    #expect(try log("other") == nil)
    // Readers that go away are not written for any more; the page shows the end of the same log.
    let page = try fixture.request(.get, "/jobs/\(SchedulerFixture.key())/0/logs/server/stdout").text
    #expect(page.contains("asked for /number-9"))
  }

  @Test("Output to the executor's own log is truncated at its limit") func consoleLog() throws {
    let fixture = try SchedulerFixture()
    var job = fixture.job(instances: 1)
    job.healthCheck = nil
    job.task.processes[0].cmdline =
      "i=0; while [ $i -lt 6 ]; do head -c 1000000 /dev/zero | tr '\\0' x; i=$((i+1)); done; echo end; exec sleep 600"
    job.task.processes[0].logger = LoggerConfiguration(destination: .both)
    try fixture.client().create(job)
    _ = try fixture.waitForInstances(SchedulerFixture.key(), "it runs") { $0.first?.status == .running }
    let task = try #require(fixture.tasks().first)
    var largest: Int64 = 0
    try waitUntil("all of it is written to the task's own log") {
      largest = max(largest, try FileSystem.status(of: task.appending("executor.log")).size)
      let log = task.appending("logs/server/0/stdout")
      return try FileSystem.exists(log) && FileSystem.status(of: log).size > 6_000_000
    }
    largest = max(largest, try FileSystem.status(of: task.appending("executor.log")).size)
    #expect(largest > 0 && largest <= (1 << 20) + (1 << 17), "\(largest)")
  }

  @Test func logsOfATaskThatEndedAreFoundWhileItsSuccessorWaits() throws {
    let fixture = try SchedulerFixture()
    let client = try fixture.client()
    var job = fixture.job(instances: 1)
    job.healthCheck = nil
    job.task.processes[0].cmdline = "echo the reason; exit 3"
    try client.create(job)
    let waiting = try fixture.waitForInstances(SchedulerFixture.key(), "it is throttled") {
      $0.first?.status == .throttled
    }
    func log(_ task: TaskID?) throws -> String? {
      var text = ""
      let found = try client.log(
        SchedulerFixture.key(), instance: 0, process: "server", stream: "stdout", task: task, follow: false
      ) { bytes in
        text += String(decoding: bytes, as: UTF8.self)
        return true
      }
      return found ? text : nil
    }
    #expect(try log(nil) == "the reason\n")
    #expect(try log(waiting[0].taskID) == nil)
    #expect(try log("no-such-task") == nil)
    let address = "/jobs/\(SchedulerFixture.key())/0"
    let page = try fixture.request(.get, address).text
    let links = page.split(separator: "\"").filter { $0.hasPrefix(address + "?task=") }
    #expect(links.count == 2)
    for link in links {
      let earlier = try fixture.request(.get, String(link))
      #expect(earlier.status == 200)
      #expect(earlier.text.contains("exit code 3"))
    }
    #expect(try fixture.request(.get, address + "?task=no-such-task").status == 404)
    #expect(try fixture.request(.get, address + "?task=..").status == 404)
  }

  @Test func aReaderThatGoesAwayIsNoticedThoughNothingIsWritten() throws {
    let fixture = try SchedulerFixture()
    let client = try fixture.client()
    try client.create(fixture.job(instances: 1))
    _ = try fixture.waitUntilRunning(SchedulerFixture.key(), 1)
    var opened = false
    _ = try? client.log(
      SchedulerFixture.key(), instance: 0, process: "server", stream: "stdout", follow: true
    ) { _ in
      opened = try fixture.openFiles().contains { $0.hasSuffix("/stdout") }
      return false
    }
    #expect(opened)
    try waitUntil("the log is closed") { try !fixture.openFiles().contains { $0.hasSuffix("/stdout") } }
  }

  @Test func changesOfStateAreToldAsTheyHappen() throws {
    let fixture = try SchedulerFixture()
    let client = try fixture.client()
    let parser = Mutex(ServerSentEventParser())
    let seen = Mutex<[String]>([])
    performInParallel(count: 2, threads: 2) { role in
      do {
        if role == 0 {
          let request = HTTPRequest(
            .get, "http://localhost/api/events", unixSocketPath: fixture.socket.string)
          _ = try? HTTPClient(retry: .never).stream(request) { bytes in
            if bytes.elementsEqual(Array(": connected\n\n".utf8)) { seen.withLock { $0.append("connected") } }
            for event in parser.withLock({ $0.consume(bytes) }) where event.name == "task" {
              let status = try JSONValue(parsing: Array(event.data.utf8))["status"]?.string
              seen.withLock { $0.append(status ?? "none") }
            }
            return !seen.withLock { $0.contains("RUNNING") }
          }
        } else {
          try waitUntil("the events are followed") { seen.withLock { $0.first == "connected" } }
          try client.create(fixture.job(instances: 1))
        }
      } catch {
        Issue.record("\(error)")
      }
    }
    #expect(seen.withLock { $0 } == ["connected", "PENDING", "ASSIGNED", "STARTING", "RUNNING"])
  }
}

import Glibc
import HTTPClient
import JSON
import JobModel
import SchedulerClient
import SystemSupport
import TestServers
import Testing

/// What the built scheduler answers to requests, and when it does not even start.
@Suite(.serialized) struct RequestTests {
  @Test func aRequestThatIsNotUnderstoodChangesNothing() throws {
    let fixture = try SchedulerFixture()
    try fixture.client().create(fixture.job(instances: 1))
    let before = try fixture.waitUntilRunning(SchedulerFixture.key(), 1)
    let address = "/api/jobs/\(SchedulerFixture.key())/kill"
    for body in [["instances": []], ["instances": "0"], ["instance": [0]], [0], "all"] as [JSONValue] {
      let answer = try fixture.request(.post, address, body)
      #expect(answer.status == 422, "\(body)")
      #expect(try JSONValue(parsing: answer.body)["error"]?["message"]?.string != nil)
    }
    #expect(try fixture.request(.post, "/api/jobs", ["key": "nonsense"]).status == 422)
    let torn = HTTPRequest(
      .post, "http://localhost" + address, body: .bytes(Array("{".utf8)), unixSocketPath: fixture.socket.string)
    #expect(try HTTPClient(retry: .never).send(torn).status == 400)
    #expect(try fixture.waitUntilRunning(SchedulerFixture.key(), 1).map(\.taskID) == before.map(\.taskID))
  }

  @Test func jobsThatCanNotRunAreRefusedWithTheReason() throws {
    let fixture = try SchedulerFixture()
    let client = try fixture.client()
    func problem(_ change: (inout JobConfiguration) -> Void) -> String {
      var job = fixture.job(instances: 1)
      change(&job)
      do {
        try client.create(job)
        return "none"
      } catch {
        return "\(error)"
      }
    }
    #expect(problem { $0.key.role = "no-such-user-here" }.contains("the user \\\"no-such-user-here\\\""))
    #expect(problem { $0.task.user = "no-such-user-here" }.contains("does not exist on the scheduler"))
    #expect(problem { $0.key.cluster = "elsewhere" }.contains("another cluster"))
    let artifact = TaskArtifact(
      name: "igor", hashType: .git, version: String(repeating: "a", count: 40))
    #expect(problem { $0.task.artifacts = [artifact] }.contains("no artifact repository"))
    #expect(try client.jobs().isEmpty)
    try client.create(fixture.job(instances: 1))
    #expect(problem { _ in }.contains("exists already"))
  }

  @Test func aPortThatSomethingElseTakesIsNotAllotted() throws {
    let fixture = try SchedulerFixture(["--port-range", "23990-23993"])
    let listener = try Listener(port: 23990)
    defer { listener.close() }
    try fixture.client().create(fixture.job(instances: 2))
    let ports = try fixture.waitUntilRunning().compactMap { $0.ports["http"] }
    #expect(Set(ports).isSubset(of: [23991, 23992, 23993]))
  }

  @Test func thePagesShowWhatThereIs() throws {
    let fixture = try SchedulerFixture()
    var job = fixture.job(instances: 1)
    job.task.processes[0].cmdline = "echo hello > 'a?<b>&#%41'; " + job.task.processes[0].cmdline
    try fixture.client().create(job)
    let instance = try fixture.waitUntilRunning(SchedulerFixture.key(), 1)[0]
    let address = "/jobs/\(SchedulerFixture.key())"
    func page(_ path: String) throws -> String {
      let answer = try fixture.request(.get, path)
      #expect(answer.status == 200, "\(path)")
      #expect(answer.headers["Content-Security-Policy"]?.contains("default-src 'none'") == true)
      return answer.text
    }
    #expect(try page("/").contains("href=\"\(address)\""))
    #expect(try page(address).contains("http://127.0.0.1:\(try #require(instance.ports["http"]))/"))
    #expect(try page(address + "/0").contains(">\(instance.pids[0])<"))
    let files = try page(address + "/0/files/")
    #expect(files.contains("a?&lt;b&gt;&amp;#%41"))
    let link = try #require(files.split(separator: "\"").first { $0.contains("a%3F") })
    #expect(try page(String(link)) == "hello\n")
    let missing = ["/7", "/0/logs/server/other", "/0/files/..%2f..%2ftask.json"].map { address + $0 }
    for path in missing + ["/nothing"] {
      #expect(try fixture.request(.get, path).status == 404, "\(path)")
    }
    #expect(try page("/metrics").contains("kilt_tasks{state=\"RUNNING\"} 1\n"))
  }

  @Test func aSchedulerThatCanNotStartSaysWhy() throws {
    let fixture = try SchedulerFixture()
    func attempt(_ arguments: [String]) throws -> (code: Int32, text: String) {
      let outcome = try Subprocess(
        SchedulerFixture.program("kilt-scheduler").string, arguments, environment: ["HOME=\(fixture.scratch)"],
        deadlineMilliseconds: 60_000
      ).run()
      guard case .exited(let code) = outcome.termination else { throw TestFailure() }
      return (code, outcome.errorText)
    }
    let second = try attempt(["--state-directory", fixture.state.string, "--listen", "127.0.0.1:0"])
    #expect(second.code == 2 && second.text.contains("another scheduler works on the state directory"))
    let other = fixture.scratch.appending("other").string
    let listen = String(fixture.address.dropFirst("http://".count))
    let taken = try attempt(["--state-directory", other, "--listen", listen])
    #expect(taken.code == 3 && taken.text.contains("cannot listen on \(listen)"), "\(taken)")
    try FileSystem.write(text: "", to: fixture.scratch.appending("file"))
    let file = try attempt(["--state-directory", fixture.scratch.appending("file").string])
    #expect(file.code == 3, "\(file)")
    let foreign = fixture.scratch.appending("foreign")
    try FileSystem.createDirectories(foreign)
    try FileSystem.write(
      text: "this is no database, but a text of some length", to: foreign.appending("scheduler.sqlite"))
    let damaged = try attempt(["--state-directory", foreign.string, "--listen", "127.0.0.1:0"])
    #expect(damaged.code == 3 && damaged.text.contains("is damaged"), "\(damaged)")
    #expect(try attempt(["--state-directory", other, "--isolation", "strong"]).code == 2)
    #expect(try attempt(["--state-directory", other, "--listen", "nonsense"]).code == 2)
  }
}

/// A socket that listens on a port of the loopback.
private struct Listener {
  private let descriptor: Int32

  init(port: UInt16) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
    }
    try #require(result == 0 && listen(descriptor, 1) == 0, "port \(port) is taken")
  }

  func close() { Glibc.close(descriptor) }
}

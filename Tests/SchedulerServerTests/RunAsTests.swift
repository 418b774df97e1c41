import Executor
import Glibc
import HTTPClient
import JSON
import JobModel
import SchedulerClient
import SystemSupport
import TestServers
import Testing

/// As whom tasks run, and who is told.
@Suite(.serialized) struct RunAsTests {
  private static let other = "daemon"

  /// `kilt scheduler` in a workspace, started by a user who is not root.
  private func fixture(_ arguments: [String] = []) throws -> SchedulerFixture {
    try SchedulerFixture(arguments, asUser: "nobody", throughKilt: true)
  }

  private func answer(_ fixture: SchedulerFixture, _ path: String, _ body: JSONValue) throws -> JSONValue {
    try JSONValue(parsing: try fixture.request(.post, path, body).body)
  }

  private func plan(_ fixture: SchedulerFixture, _ job: JobConfiguration) throws -> JSONValue {
    try answer(fixture, "/api/jobs/\(job.key)/plan", ["configuration": job.json])
  }

  private func job(_ fixture: SchedulerFixture, role: String) -> JobConfiguration {
    var job = fixture.job(instances: 1)
    job.key = SchedulerFixture.key(role: role)
    job.task.processes[0].cmdline = "id -un; sleep 600 # \(fixture.mark)"
    job.healthCheck = nil
    return job
  }

  /// The first line that the job's process writes.
  private func user(_ fixture: SchedulerFixture, _ key: JobKey) throws -> String {
    var text = ""
    try waitUntil("the task says who it is") {
      let answer = try fixture.request(.get, "/api/jobs/\(key)/instances/0/logs/server/stdout")
      text = answer.text
      // Before the first line is written, there is an answer that says so.
      return answer.status == 200 && text.contains("\n")
    }
    return String(text.prefix { $0 != "\n" })
  }

  @Test("A scheduler that is not root refuses a job of another role", .enabled(if: getuid() == 0))
  func refused() throws {
    let fixture = try fixture()
    let job = self.job(fixture, role: Self.other)
    for error in [
      try answer(fixture, "/api/jobs", job.json)["error"], try plan(fixture, job)["error"],
    ] {
      #expect(error?["code"] == "cannot-run-as", "\(String(describing: error))")
      #expect(error?["message"]?.string?.contains("cannot run the job as \"daemon\"") == true)
    }
    #expect(try fixture.client().jobs().isEmpty)
    // Its own role needs no permission.
    let own = self.job(fixture, role: "nobody")
    #expect(try plan(fixture, own)["runs_as"] == ["user": "nobody"])
    try fixture.client().create(own)
    #expect(try user(fixture, own.key) == "nobody")
  }

  @Test("With --allow-missing-user the plan, the status and the pages name the user", .enabled(if: getuid() == 0))
  func allowed() throws {
    let fixture = try fixture(["--allow-missing-user"])
    let job = self.job(fixture, role: Self.other)
    let expected: JSONValue = ["user": "nobody", "instead_of": "daemon"]
    let preview = try plan(fixture, job)
    #expect(preview["runs_as"] == expected)
    // Only Landlock can keep these tasks from the ports of others.
    let isOpen = !PortGuard.hasLandlock
    let ports = "only a scheduler that is root, or Linux 6.7 with Landlock, can prevent that"
    #expect(preview["open_ports"] == (isOpen ? .string(ports) : nil))
    try fixture.client().create(job)
    #expect(try user(fixture, job.key) == "nobody")
    _ = try fixture.waitForInstances(job.key, "it runs") { $0.first?.status == .running }
    let status = try #require(try fixture.client().job(job.key))
    #expect(status.json["runs_as"] == expected)
    #expect(status.runsAs == .other("nobody", insteadOf: "daemon"))
    #expect(status.openPorts == (isOpen ? ports : nil))
    let message = status.instances.first?.message ?? ""
    #expect(message.contains("can take ports of other tasks") == isOpen, "\(status.instances)")
    for path in ["/jobs/\(job.key)", "/jobs/\(job.key)/0"] {
      let page = try fixture.request(.get, path).text
      #expect(page.contains("runs as nobody, instead of &quot;daemon&quot;"), "\(path)")
      #expect(page.contains("tasks can take ports of other tasks: \(ports)") == isOpen, "\(path)")
    }
    let scaled = try answer(fixture, "/api/jobs/\(job.key)/scale", ["count": 2, "dry_run": true])
    #expect(scaled["runs_as"] == expected)
  }

  @Test("A scheduler reports the user of a job's tasks") func ordinary() throws {
    let fixture = try SchedulerFixture()
    let job = fixture.job(instances: 1)
    let preview = try plan(fixture, job)
    #expect(preview["runs_as"] == ["user": .string(SchedulerFixture.user)])
    if getuid() == 0 { #expect(preview["open_ports"] == nil) }
    try fixture.client().create(job)
    #expect(try fixture.client().job(job.key)?.runsAs == .user(SchedulerFixture.user))
  }
}

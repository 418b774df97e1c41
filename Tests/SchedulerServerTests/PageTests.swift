import HTTPClient
import JSON
import JobModel
import SchedulerClient
import SystemSupport
import TestServers
import Testing

@testable import SchedulerServer

/// The pages of the built scheduler, as a browser without scripts gets them.
@Suite(.serialized) struct PageTests {
  private func page(_ fixture: SchedulerFixture, _ path: String, status: Int = 200) throws -> String {
    let answer = try fixture.request(.get, path)
    #expect(answer.status == status, "\(path)")
    #expect(!answer.text.contains("<script"), "\(path)")
    return answer.text
  }

  @Test("Every page answers before a job exists, and names the next step")
  func emptyStates() throws {
    let fixture = try SchedulerFixture()
    #expect(try page(fixture, "/").contains("kilt deploy"))
    #expect(try page(fixture, "/updates").contains("kilt deploy"))
    #expect(try page(fixture, "/updates?active=1").contains("No update is in progress"))
    #expect(try page(fixture, "/cron").contains("kilt cron schedule"))
    #expect(try page(fixture, "/quotas").contains("kilt quota set"))
    for path in ["/events", "/audit", "/roles/nobody"] { _ = try page(fixture, path) }
    for path in ["/updates/none", "/events?job=x", "/jobs/a/b/c/d", "/jobs/a/b/c/d/releases"] {
      _ = try page(fixture, path, status: 404)
    }
  }

  @Test("The pages of a job show its update, releases, failures and next runs")
  func jobPages() throws {
    let fixture = try SchedulerFixture(["--flapping-threshold", "1"])
    let client = try fixture.client()
    var job = fixture.job(instances: 1)
    job.update.watch = .milliseconds(200)
    job.metadata = ["note": "<b>&\"first\"</b>"]
    job.alerts = [AlertRule(.memory, period: .seconds(300), threshold: 0.9, severity: .page)]
    job.drain = .milliseconds(100)
    job.slaPolicy = .count(1, duration: .zero)
    try client.create(job)
    _ = try fixture.waitUntilRunning(SchedulerFixture.key(), 1)
    job.task.processes[0].cmdline = "echo '<i>no luck</i>' >&2; exit 7"
    job.healthCheck = nil
    let plan = try client.plan(job)
    #expect(plan.outcome == .update && plan.changes.map(\.kind) == [.change] && plan.batches == [[0]])
    let receipt = try client.update(job)
    let id = try #require(receipt.update)
    var update = try #require(try client.update(id))
    try waitUntil("the update is rolled back") {
      update = try #require(try client.update(id))
      return update.summary.status.isTerminal
    }
    #expect(update.summary.status == .rolledBack)
    let failure = try #require(update.failures.first)
    #expect(failure.processes.first?.exitCode == 7)
    #expect(failure.processes.first?.output == ["<i>no luck</i>"])

    let address = "/jobs/\(SchedulerFixture.key())"
    let settings = try page(fixture, address)
    #expect(settings.contains("memory above 90% for 5 min, severity page"), "\(settings)")
    #expect(settings.contains("at least 1 of the instances are up"))
    let updatePage = try page(fixture, "/updates/\(id)")
    #expect(updatePage.contains("ROLLED BACK") && updatePage.contains("exit code 7"))
    #expect(updatePage.contains("&lt;i&gt;no luck&lt;/i&gt;") && !updatePage.contains("<i>no luck"))
    #expect(try page(fixture, "/updates").contains("/updates/\(id)"))
    let releases = try page(fixture, address + "/releases")
    #expect(releases.contains("Release 2") && releases.contains("exit 7"))
    #expect(try page(fixture, address).contains("ROLLED BACK"))
    #expect(try page(fixture, address + "/0").contains("Resources against limits"))
    #expect(try page(fixture, "/?q=PING&stage=devel").contains(address))
    #expect(try page(fixture, "/?q=%22%3E%3Cx").contains("No job matches"))
    #expect(try page(fixture, "/roles/\(SchedulerFixture.user)").contains(address))
    #expect(try page(fixture, "/events").contains(address))
    #expect(try page(fixture, "/audit").contains("update"))
  }

  @Test("A button changes an update only with a one-time code of a caller with the right")
  func buttons() throws {
    let fixture = try SchedulerFixture()
    let client = try fixture.client()
    var job = fixture.job(instances: 1)
    job.update.watch = .seconds(3600)
    try client.create(job)
    _ = try fixture.waitUntilRunning(SchedulerFixture.key(), 1)
    job.task.processes[0].minDuration = .seconds(1)
    let id = try #require(try client.update(job).update)
    let path = "/jobs/\(SchedulerFixture.key())/update/pause"
    func press(_ code: String) throws -> Int {
      try HTTPClient(retry: .never).send(
        HTTPRequest(
          .post, fixture.address + path, headers: ["Authorization": "Bearer \(try token())"],
          body: .bytes(Array("code=\(code)".utf8)), followsRedirects: false)
      ).status
    }
    func token() throws -> String {
      let name = "page\(monotonicNanoseconds())"
      let answer = try client.createToken(name: name, rights: ["read"], lifetimeSeconds: 60)
      return try #require(answer["token"]?.string)
    }
    #expect(try page(fixture, "/updates/\(id)").contains("formaction=\"/jobs/\(SchedulerFixture.key())/update/abort\""))
    for code in ["", "0000", "%zz"] { #expect(try press(code) == 403, "\(code)") }
    #expect(try client.update(id)?.summary.status == .rollingForward)
    let code = try client.oneTimeCode()
    #expect(try press(code) == 303)
    #expect(try client.update(id)?.summary.status == .rollForwardPaused)
    #expect(try press(code) == 403)
  }

  @Test("Quotas limit requested resources, and cron jobs run on request")
  func quotasAndCron() throws {
    let fixture = try SchedulerFixture()
    let client = try fixture.client()
    let role = SchedulerFixture.user
    let set = try client.setQuota(role, Resources(cpu: 0.5, ram: 1 << 30, disk: 1 << 30))
    #expect(set.limit?.milliCPU == 500 && set.used == .zero)
    var job = fixture.job(instances: 2)
    job.tier = .preferred
    #expect(throws: (any Error).self) { try client.create(job) }
    #expect(try client.setQuota(role, nil).limit == nil)
    #expect(try page(fixture, "/quotas").contains(role) == false)

    var cron = fixture.job("report", instances: 1)
    cron.isService = false
    cron.cron = CronConfiguration(schedule: "0 4 1 1 *")
    cron.healthCheck = nil
    cron.task.processes[0].cmdline = "echo done"
    let receipt = try client.update(cron)
    #expect(receipt.outcome == .create && receipt.update == nil)
    let status = try #require(try client.cronJobs().first)
    #expect(status.next.count == 5 && status.next[0].description.hasSuffix("-01-01T04:00:00.000Z"))
    _ = try client.startCron(cron.key)
    _ = try fixture.waitForInstances(cron.key, "the run finished") { $0.first?.status == .finished }
    #expect(try page(fixture, "/cron").contains("FINISHED"))
    cron.cron?.schedule = "0 5 1 1 *"
    #expect(try client.update(cron).outcome == .replace)
    #expect(try client.cronJobs().first?.next[0].description.contains("T05:00") == true)
    #expect(try client.update(cron).outcome == .unchanged)
  }
}

import Discovery
import Glibc
import HTTPClient
import JSON
import JobModel
import SchedulerClient
import Synchronization
import SystemSupport
import TestServers
import Testing

/// The catalogue of the built scheduler.
@Suite(.serialized) struct CatalogueTests {
  private static func wait(_ fixture: SchedulerFixture, _ what: String, _ condition: (Service) -> Bool) throws
    -> Service
  {
    var last: Service?
    let client = try fixture.client()
    do {
      try waitUntil(what) {
        last = try client.service(SchedulerFixture.key())
        return last.map(condition) ?? false
      }
    } catch {
      Issue.record("the service: \(String(describing: last))")
      throw error
    }
    return try #require(last)
  }

  @Test("The catalogue follows instances, survives the scheduler, and updates followers and the file")
  func life() throws {
    let scratch = try FileSystem.makeTemporaryDirectory(prefix: "catalogue")
    defer { do { try FileSystem.removeTree(scratch) } catch { Issue.record("\(error)") } }
    let (configuration, targets) = (scratch.appending("scheduler.toml"), scratch.appending("targets.json"))
    try FileSystem.write(text: "[discovery]\nfile_sd = \"\(targets)\"\n", to: configuration, permissions: 0o644)
    let fixture = try SchedulerFixture(["--config", configuration.string])
    var job = fixture.job()
    job.announce = Announcer()
    _ = try fixture.client().create(job)
    let service = try Self.wait(fixture, "both instances are announced") { $0.instances.count == 2 }
    #expect(service.instances.map(\.shard) == [0, 1] && service.instances.allSatisfy { $0.release == 1 })
    #expect(service.withdrawn.isEmpty && service.instances.allSatisfy { $0.health == .healthy })
    let ports = service.instances.map(\.announcement.port)
    let group = try fixture.request(.get, "/api/discovery/prometheus?job=pinger&stage=devel")
    let file = try JSONValue(parsing: group.body)
    #expect(
      file.array?.compactMap { $0["targets"]?.strings?.first?.split(separator: ":").last.map(String.init) }
        == ports.map(String.init))
    try waitUntil("the file is as the answer") {
      try FileSystem.exists(targets) && JSONValue(parsing: FileSystem.read(targets)) == file
    }
    #expect(try fixture.request(.get, "/api/discovery/prometheus?role=other").text == "[]\n")
    #expect(try fixture.request(.get, "/api/services/devcluster/a/b/c").status == 404)

    // Nobody but the executors announces: the tasks are there again as soon as a scheduler answers.
    fixture.endScheduler(SIGKILL)
    try fixture.start()
    #expect(try fixture.client().service(SchedulerFixture.key()) == service)

    let seen = Mutex<[Int]>([])
    let client = try fixture.client()
    #expect(
      startThread {
        do {
          try client.followServices { services in
            seen.withLock { $0.append(services.first?.instances.count ?? 0) }
            return services.first?.instances.isEmpty == false
          }
        } catch { Issue.record("\(error)") }
      })
    try waitUntil("the follower has the catalogue") { seen.withLock { $0.first == 2 } }
    try client.kill(SchedulerFixture.key(), instances: [0])
    let killed = try Self.wait(fixture, "one is withdrawn") { $0.instances.count == 1 }
    #expect(killed.instances[0].shard == 1)
    try waitUntil("the follower has seen it") { seen.withLock { $0.last == 1 } }
    try client.kill(SchedulerFixture.key())
    try waitUntil("the follower has seen the end") { seen.withLock { $0.last == 0 } }
    try waitUntil("the service is gone") { try client.service(SchedulerFixture.key()) == nil }
  }
}

import Hummingbird
import JSON
import JobModel
import SystemSupport
import Testing

@testable import SchedulerServer

@Suite struct APITests {
  @Test func theDescriptionNamesAllOperationsAndNoOthers() throws {
    let folder = try FileSystem.makeTemporaryDirectory(prefix: "routes")
    defer { do { try FileSystem.removeTree(folder) } catch { Issue.record("\(error)") } }
    let scheduler = try HostScheduler(
      SchedulerOptions(stateDirectory: folder, executor: "/bin/false", pexRunner: "/bin/false"))
    let access = AccessControl(
      tokens: try TokenStore(stateDirectory: folder, now: HostScheduler.now),
      sessions: LoginSessions(now: HostScheduler.now), audit: AuditTrail(stateDirectory: folder),
      connections: ConnectionTable(limits: .init()), hosts: nil, isReadingOpen: false)
    let identity = ServerIdentity(fingerprint: nil, pageHost: nil)
    let router = Routes(scheduler: scheduler, access: access, identity: identity).router()
    let routes = Set(router.routes.map { "\($0.method) \($0.path)".lowercased() }.filter { $0.contains("/api/") })
    var described: Set<String> = []
    for (path, item) in try #require(OpenAPI.document["paths"]?.object?.members) {
      for method in try #require(item.object).names { described.insert("\(method) \(path)") }
    }
    #expect(described == routes)
    #expect(routes.count >= 8)
  }

  @Test func noInstancesMeansAllOnlyWhenNoneAreNamed() throws {
    func instances(_ body: JSONValue) throws -> Set<Int>? { try RequestFields(body, ["instances"]).instances() }
    #expect(try instances([:]) == nil)
    #expect(try instances(["instances": [0, 2]]) == [0, 2])
    let bodies: [JSONValue] = [
      ["instances": []], ["instances": "0"], ["instances": [0, "1"]], ["instances": .null], ["instance": [0]], [], "x",
    ]
    for body in bodies { #expect(throws: HTTPError.self) { try instances(body) } }
  }
}

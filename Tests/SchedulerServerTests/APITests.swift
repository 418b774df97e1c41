import Hummingbird
import JSON
import JobModel
import SystemSupport
import Testing

@testable import SchedulerServer

@Suite struct AuthorizationTests {
  private let loopback = Authorization(token: "0123456789abcdef", hosts: ["127.0.0.1", "localhost", "[::1]"])

  @Test(arguments: ["127.0.0.1", "127.0.0.1:8081", "localhost:1", "LOCALHOST", "[::1]:8081", "[::1]"])
  func itsOwnNamesAreServed(authority: String) { #expect(loopback.serves(authority)) }

  @Test(arguments: [
    "", "evil.example", "evil.example:8081", "localhost.evil.example", "127.0.0.1.evil.example:80", "::1",
  ])
  func otherNamesAreNot(authority: String) { #expect(!loopback.serves(authority)) }

  @Test func onlyTheWholeTokenIsAccepted() {
    #expect(loopback.accepts("Bearer 0123456789abcdef"))
    #expect(loopback.accepts("bearer 0123456789abcdef"))
    for header in [
      "", "Bearer", "Bearer ", "Bearer 0123456789abcde", "Bearer 0123456789abcdef ", "Basic 0123456789abcdef",
    ] {
      #expect(!loopback.accepts(header))
    }
  }

  @Test func theTokenIsMadeOnceAndReadableByItsOwnerOnly() throws {
    let folder = try FileSystem.makeTemporaryDirectory(prefix: "token")
    defer { do { try FileSystem.removeTree(folder) } catch { Issue.record("\(error)") } }
    let token = try Authorization.token(in: folder)
    #expect(token.utf8.count == 64)
    #expect(try Authorization.token(in: folder) == token)
    #expect(try FileSystem.status(of: folder.appending("token")).permissions == 0o600)
    // An editor may have added a newline; an empty file would let everybody in.
    try FileSystem.write(text: token + "\n", to: folder.appending("token"))
    #expect(try Authorization.token(in: folder) == token)
    try FileSystem.write(text: "\n", to: folder.appending("token"))
    #expect(throws: (any Error).self) { try Authorization.token(in: folder) }
  }
}

@Suite struct APITests {
  @Test func theDescriptionNamesAllOperationsAndNoOthers() throws {
    let folder = try FileSystem.makeTemporaryDirectory(prefix: "routes")
    defer { do { try FileSystem.removeTree(folder) } catch { Issue.record("\(error)") } }
    let scheduler = try HostScheduler(
      SchedulerOptions(stateDirectory: folder, executor: "/bin/false", pexRunner: "/bin/false"))
    let router = Routes(scheduler: scheduler, authorization: Authorization(token: "x", hosts: nil)).router()
    let routes = Set(router.routes.map { "\($0.method) \($0.path)".lowercased() }.filter { $0.contains("/api/") })
    var described: Set<String> = []
    for (path, item) in try #require(OpenAPI.document["paths"]?.object?.members) {
      for method in try #require(item.object).names { described.insert("\(method) \(path)") }
    }
    #expect(described == routes)
    #expect(routes.count >= 8)
  }

  @Test func noInstancesMeansAllOnlyWhenNoneAreNamed() throws {
    #expect(try Routes.instances(in: [:]) == nil)
    #expect(try Routes.instances(in: ["instances": [0, 2]]) == [0, 2])
    let bodies: [JSONValue] = [
      ["instances": []], ["instances": "0"], ["instances": [0, "1"]], ["instances": .null], ["instance": [0]], [], "x",
    ]
    for body in bodies { #expect(throws: HTTPError.self) { try Routes.instances(in: body) } }
  }
}

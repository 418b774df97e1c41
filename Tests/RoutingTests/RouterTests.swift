import Diagnostics
import Discovery
import Glibc
import HTTPClient
import JSON
import JobModel
import Routing
import SystemSupport
import TestServers
import Testing

/// A router with a real HAProxy before real servers.
@Suite(.serialized) struct RouterTests {
  @Test("HAProxy follows instances by the runtime API, and reloads only when the shape changes")
  func follows() throws {
    let fixture = try RouterFixture()
    let (one, two, three) = (try fixture.server(), try fixture.server(), try fixture.server())
    var router: Router? = try fixture.router()
    // Nothing is known: nothing is started.
    router?.turn([.unreachable("no scheduler")])
    #expect(
      router?.state.metrics.contains("kilt_router_source_reachable{source=\"0\"} 0") == true && !fixture.hasHAProxy)
    router?.turn([fixture.services([one, two])])
    try waitUntil("both servers answer") { try fixture.answers(20) == [one, two] }
    let worker = fixture.worker

    router?.turn([fixture.services([two, three])])
    #expect(try fixture.answers(20) == [two, three] && fixture.worker == worker)
    // The catalogue is away: what was known stays.
    router?.turn([.unreachable("no scheduler")])
    #expect(try fixture.answers(20) == [two, three])
    #expect(router?.state.statusText.contains("no scheduler") == true)

    // The router ends, HAProxy goes on, and the next router finds it with what was known.
    router = nil
    #expect(try fixture.answers(20) == [two, three])
    let next = try fixture.router()
    next.turn([.unreachable("still none")])
    #expect(try fixture.answers(20) == [two, three] && fixture.worker == worker)

    // A faulty file does not apply; a good one does, at once and by a reload.
    let good = try FileSystem.readText(fixture.routes)
    try fixture.write(routes: good + "nonsense: 1\n")
    next.turn([])
    #expect(try fixture.answers(20) == [two, three])
    #expect(next.state.statusText.contains("unknown key \\\"nonsense\\\""))
    try fixture.write(routes: good + "haproxy: {global: \"no-such-word 1\"}\n")
    next.turn([])
    #expect(next.state.statusText.contains("HAProxy refuses the configuration") && fixture.worker == worker)
    try fixture.write(routes: good.replacing("path: /", with: "path: /new"))
    next.turn([])
    #expect(try fixture.get("/new/x") != 404 && fixture.get("/x") == 404)
    #expect(fixture.worker != worker && next.state.metrics.contains("kilt_router_reloads_total 1"))

    // An empty set counts when the catalogue says it.
    next.turn([fixture.services([])])
    #expect(try fixture.get("/new/x") == 503)
    // More instances than slots: a reload makes room.
    next.turn([fixture.services([one, two] + (0..<10).map { 40000 + $0 })])
    #expect(next.state.metrics.contains("kilt_router_servers{route=\"web\"} 12"))
    try waitUntil("the living servers answer") { try fixture.get("/new/x") == 200 }
  }

  @Test("A canary gets its share of the requests, and shares change without a reload") func canary() throws {
    let fixture = try RouterFixture()
    let ports = try (0..<4).map { _ in try fixture.server() }
    try fixture.write(routes: FileSystem.readText(fixture.routes) + "    releases: {newest: 5}\n")
    let router = try fixture.router()
    router.turn([fixture.services(ports, releases: [1, 1, 1, 2])])
    try waitUntil("all servers answer") { try fixture.answers(60).isSuperset(of: ports) }
    let worker = fixture.worker
    let canary = try fixture.counts(400)
    #expect(canary.keys.allSatisfy(ports.contains), "\(canary)")
    #expect((16...24).contains(canary[ports[3]] ?? 0), "\(canary)")
    for port in ports.dropLast() { #expect((115...137).contains(canary[port] ?? 0), "\(canary)") }
    // The new release is everywhere: all servers are equal.
    router.turn([fixture.services(ports, releases: [2, 2, 2, 2])])
    let equal = try fixture.counts(400)
    for port in ports { #expect((90...110).contains(equal[port] ?? 0), "\(equal)") }
    #expect(fixture.worker == worker)
  }

  @Test("Requests in progress on a leaving instance are answered, and a dead instance loses none")
  func loses() throws {
    let fixture = try RouterFixture()
    let (one, two) = (try fixture.server(), try fixture.server())
    let router = try fixture.router()
    router.turn([fixture.services([one, two])])
    try waitUntil("both servers answer") { try fixture.answers(20) == [one, two] }
    // Killed, and still in the catalogue: requests go to the other.
    fixture.kill(port: one)
    for _ in 0..<20 { #expect(try fixture.get("/x") == 200) }
    // HAProxy is killed as a whole: the next turn starts it with what is known.
    fixture.killHAProxy()
    router.turn([fixture.services([two])])
    router.turn([])
    #expect(try fixture.answers(10) == [two])
  }
}

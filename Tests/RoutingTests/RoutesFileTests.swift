import Diagnostics
import JobModel
import Routing
import Testing

@Suite struct RoutesFileTests {
  static let text = """
    follow: {scheduler: "unix:/var/lib/kilt/socket/api.sock"}
    listen:
      public: "*:80"
      private: ["127.0.0.1:8080"]
    routes:
      - name: eightball
        hosts: [Ask.example.com, "*.ask.example.com"]
        path: /api
        access: public
        jobs:
          - {job: aa/cbe/prod/eightball}
          - {job: aa/cbe/prod/eightball-next, percent: 5}
        port: public
        releases: {newest: 10, 7: 20%}
        check: /health
        prefer_local: true
      - job: aa/cbe/prod/queue
        access: private
        mode: tcp
        listen: 127.0.0.1:5672
    haproxy:
      global: maxconn 1000
    """

  static let eightball = JobKey(cluster: "aa", role: "cbe", stage: "prod", name: "eightball")

  @Test("A routes file has routes, addresses, shares and raw lines")
  func reads() throws {
    let file = try RoutesFile(parsing: Array(Self.text.utf8), path: "routes.yaml")
    #expect(file.source == .schedulers(["unix:/var/lib/kilt/socket/api.sock"]))
    #expect(file.listen == [.public: ["*:80"], .private: ["127.0.0.1:8080"]])
    let route = file.routes[0]
    #expect(route.hosts == ["ask.example.com", "*.ask.example.com"] && route.path == "/api" && route.port == "public")
    #expect(route.targets.map(\.percent) == [nil, 5] && route.releases == [.newest: 10, .number(7): 20])
    #expect(route.check == .http("/health") && route.prefersLocal && route.slots == 8)
    #expect(file.routes[1].name == "queue-private" && file.routes[1].mode == .tcp)
    #expect(file.global == "maxconn 1000")
  }

  @Test(
    "An invalid routes file is refused with each problem and its location",
    arguments: [
      ("routes: []\nrouts: []", "2:1 unknown key \"routs\" in a routes file"),
      ("listen: {public: \"*:80\"}", "1:1 the key \"routes\" is missing"),
      ("routes:\n  - {access: private, job: a/b/c}", "2:28 invalid job key \"a/b/c\""),
      ("routes:\n  - job: a/b/c/d", "2:5 a route needs \"access\""),
      ("routes:\n  - {job: a/b/c/d, access: private}", "2:5 no address is private"),
      ("listen: {private: \"*:80\"}\nroutes: []", "1:19 the private address \"*:80\" is reachable from outside"),
      ("listen: {public: \"*:99999\"}\nroutes: []", "1:18 invalid address \"*:99999\" in \"public\""),
      (
        "routes:\n  - {job: a/b/c/d, access: public, listen: \"*:1\", path: \"/a b\"}",
        "2:57 \"path\" has a character that cannot be in it"
      ),
      (
        "routes:\n  - {job: a/b/c/d, access: public, listen: \"*:1\", hosts: [\"a'b\"]}",
        "2:59 \"hosts\" has a character that cannot be in it"
      ),
      ("routes:\n  - {job: a/b/c/d, access: public, mode: tcp}", "2:5 a route with \"mode: tcp\" needs \"listen\""),
      (
        "routes:\n  - {job: a/b/c/d, access: public, listen: \"*:1\", releases: {new: 5}}",
        "2:62 invalid release \"new\""
      ),
      (
        "routes:\n  - {job: a/b/c/d, access: public, listen: \"*:1\"}\n  - {job: a/b/c/d, access: public, listen: \"*:2\"}",
        "3:5 the route name \"d-public\" is given twice"
      ),
      ("follow: {scheduler: x, zookeeper: y}\nroutes: []", "1:24 \"follow\" has both \"scheduler\" and \"zookeeper\""),
    ])
  func problems(_ text: String, _ expected: String) {
    let list = #expect(throws: DiagnosticList.self) { try RoutesFile(parsing: Array(text.utf8), path: "routes.yaml") }
    let found = list?.diagnostics.map { "\($0.location?.line ?? 0):\($0.location?.column ?? 0) \($0.summary)" }
    #expect(found == [expected])
  }

  @Test("The configuration sends hosts and paths to their routes, the most specific first")
  func renders() throws {
    let file = try RoutesFile(
      parsing: Array(
        """
        listen: {public: "*:80"}
        routes:
          - {name: all, access: public, job: a/b/c/d}
          - {name: api, access: public, path: /api/, hosts: [x.example.com], job: a/b/c/d}
          - {name: deep, access: public, path: /api/v2, hosts: [x.example.com], job: a/b/c/d}
          - {name: any, access: public, hosts: ["*.example.com"], job: a/b/c/d, options: "timeout server 5s"}
        haproxy: {sections: "listen stats\\n  bind 127.0.0.1:9"}
        """.utf8), path: "routes.yaml")
    let text = HAProxyConfiguration(file, socket: "/run/x/api.sock", user: "haproxy").shape(slots: [1, 1, 1, 2])
    let lines = text.split(separator: "\n").map { String($0.drop { $0 == " " }) }
    #expect(
      lines.filter { $0.hasPrefix("use_backend") } == [
        "use_backend kilt_deep if host_deep path_deep", "use_backend kilt_api if host_api path_api",
        "use_backend kilt_any if host_any", "use_backend kilt_all",
      ])
    #expect(lines.contains("acl path_api path /api") && lines.contains("acl path_api path -m beg /api/"))
    #expect(lines.contains("acl host_any req.hdr(host),host_only,lower -m end .example.com"))
    #expect(lines.contains("server s2 127.0.0.1:1 weight 1 check inter 1s fall 2 rise 1 disabled"))
    #expect(lines.contains("timeout server 5s") && lines.suffix(2) == ["listen stats", "bind 127.0.0.1:9"])
  }
}

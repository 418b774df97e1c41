import Glibc
import JSON
import SystemSupport
import TestServers
import Testing

/// The built scheduler, executor and router around a real ZooKeeper, with kazoo as a client of another kind.
@Suite(.serialized) struct SchedulerRouterTests {
  @Test("Executors announce in ZooKeeper, and a router follows them and foreign members without a scheduler")
  func follows() throws {
    try #require(
      Subprocess.find("haproxy") != nil || FileSystem.isExecutable("/usr/sbin/haproxy"),
      "'haproxy' is missing: apt-get install haproxy")
    let stand = try Stand()
    let role = getuid() == 0 ? "nobody" : String(cString: getpwuid(getuid()).pointee.pw_name)
    let path = "/aurora/\(role)/devel/web"
    try stand.startScheduler()
    try stand.create(role: role)
    let look = """
      for name in z.get_children('\(path)'):
          print(name, json.dumps(json.loads(z.get('\(path)/' + name)[0])))
      """
    var found = ""
    try waitUntil("the task is in ZooKeeper") {
      found = try stand.zooKeeper.kazoo("if z.exists('\(path)'):\n    " + look.replacing("\n", with: "\n    "))
      return found.contains("ALIVE")
    }
    let parts = found.split(separator: " ", maxSplits: 1)
    let member = try JSONValue(parsing: Array(parts[1].utf8))
    #expect(parts[0].hasPrefix("member_00000000") && member["shard"] == 0 && member["status"] == "ALIVE")
    #expect(member["additionalEndpoints"]?["http"] == member["serviceEndpoint"])

    try stand.startRouter(role: role)
    try waitUntil("a request through the router") { try stand.get() == "task" }
    // The scheduler is gone: the task stays announced, and the router follows on.
    stand.killScheduler()
    let other = try stand.server("other")
    _ = try stand.zooKeeper.kazoo(
      """
      z.create('\(path)/member_', json.dumps({'serviceEndpoint': {'host': '127.0.0.1', 'port': \(other)},
          'additionalEndpoints': {}, 'status': 'ALIVE'}).encode(), sequence=True)
      """)
    try waitUntil("both answer") { Set(try (0..<10).map { _ in try stand.get() }) == ["task", "other"] }
    // ZooKeeper is gone: what was known stays.
    stand.zooKeeper.stop()
    try waitUntil("the router says so") {
      try FileSystem.readText(stand.scratch.appending("router/status.json")).contains("\"problem\"")
    }
    #expect(Set(try (0..<10).map { _ in try stand.get() }) == ["task", "other"])
    try stand.zooKeeper.start(0)
    try stand.startScheduler()
    try stand.kill(role: role)
    try waitUntil("the other alone answers") { Set(try (0..<10).map { _ in try stand.get() }) == ["other"] }
    // At the latest when its session has expired: ZooKeeper may not have been there when the task ended.
    try waitUntil("the task's node is gone") {
      try stand.zooKeeper.kazoo("print(len(z.get_children('\(path)')))") == "1"
    }
  }
}

/// The programs of one test, ended with it.
private final class Stand {
  let zooKeeper: ZooKeeperServer
  let scratch: FilePath
  private let port: Int
  private var scheduler: pid_t = 0
  private var others: [pid_t] = []
  private let python: String
  private let readOnly: [String]
  /// The first of the ports for tasks.
  private let first = 20000 + Int(getpid()) % 200 * 16

  init() throws {
    zooKeeper = try ZooKeeperServer()
    scratch = try FileSystem.makeTemporaryDirectory(prefix: "zk")
    port = try LoopbackPorts.free(1)[0]
    let find = Subprocess(
      "python3", ["-c", "import os, sys; print(os.path.realpath(sys.executable)); print(sys.base_prefix)"],
      environment: environmentStrings())
    let lines = try find.run().text.split(separator: "\n").map(String.init)
    try #require(lines.count == 2)
    python = lines[0]
    readOnly = lines[1].hasPrefix("/usr") ? [] : ["--read-only", lines[1]]
    try FileSystem.write(
      text: "[discovery]\nzookeeper = \"\(zooKeeper.hosts)\"\n", to: scratch.appending("scheduler.toml"))
  }

  deinit {
    if scheduler > 0 {
      // It ends its tasks.
      Glibc.kill(scheduler, SIGTERM)
      waitpid(scheduler, nil, 0)
    }
    for id in others.reversed() {
      Glibc.kill(id, SIGTERM)
      waitpid(id, nil, 0)
    }
    do {
      let stop = Subprocess(
        try Self.program("kilt-router"), ["stop", "--state-directory", scratch.appending("router").string],
        environment: environmentStrings())
      _ = try stop.run()
      try FileSystem.removeTree(scratch)
    } catch { Issue.record("cannot clean up: \(error)") }
  }

  private static func program(_ name: String) throws -> String {
    let path = try executablePath().removingLastComponent().appending(name)
    try #require(FileSystem.isExecutable(path), "no \(name) beside the tests")
    return path.string
  }

  private func start(_ program: String, _ arguments: [String], log: String) throws -> pid_t {
    let output = try FileSystem.open(scratch.appending(log), .writeOnly, options: [.create, .append])
    defer { FileSystem.close(output) }
    return try spawnDetached(FilePath(program), arguments, output: output)
  }

  private var state: FilePath { scratch.appending("state") }

  func startScheduler() throws {
    if FileSystem.exists(state.appending("address")) { try FileSystem.removeFile(state.appending("address")) }
    scheduler = try start(
      Self.program("kilt-scheduler"),
      [
        "--state-directory", state.string, "--listen", "127.0.0.1:0", "--cgroup-parent", "kilt-test", "--port-range",
        "\(first)-\(first + 15)", "--config", scratch.appending("scheduler.toml").string, "--stop-tasks-on-exit",
      ] + readOnly, log: "scheduler.log")
    try waitUntil("the scheduler listens") { FileSystem.exists(state.appending("address")) }
  }

  func killScheduler() {
    Glibc.kill(scheduler, SIGKILL)
    waitpid(scheduler, nil, 0)
    scheduler = 0
  }

  private static let server = """
    import http.server, sys
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = sys.argv[2].encode()
            self.send_response(200)
            self.send_header('Content-Length', str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        def log_message(self, *arguments): pass
    http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
    """

  /// Starts a server that is no task, and returns its port.
  func server(_ name: String) throws -> Int {
    let port = try LoopbackPorts.free(1)[0]
    others.append(try start(python, ["-c", Self.server, "\(port)", name], log: "server.log"))
    return port
  }

  func create(role: String) throws {
    let job: JSONValue = [
      "key": .string("devcluster/\(role)/devel/web"), "service": true, "instances": 1,
      "announce": ["primary_port": "http"],
      "task": [
        "name": "web",
        "processes": [
          ["name": "server", "cmdline": .string("exec \(python) -c \"\(Self.server)\" {{thermos.ports[http]}} task")]
        ], "resources": ["cpu": 0.2, "ram": 134_217_728, "disk": 16_777_216, "processes": 32],
      ], "health_check": ["checker": ["kind": "tcp", "port": "http"], "interval": 0.5, "initial_interval": 60],
    ]
    try ask("POST", "/api/jobs", job)
  }

  func kill(role: String) throws { try ask("POST", "/api/jobs/devcluster/\(role)/devel/web/kill", [:]) }

  private func ask(_ method: String, _ path: String, _ body: JSONValue) throws {
    let socket = state.appending("socket/api.sock").string
    let curl = Subprocess(
      "curl",
      ["-sS", "--fail-with-body", "--unix-socket", socket, "-X", method, "-d", body.text(), "http://localhost" + path],
      environment: environmentStrings())
    let outcome = try curl.run()
    try #require(outcome.termination.isSuccess, "\(outcome.text) \(outcome.errorText)")
  }

  func startRouter(role: String) throws {
    let routes = """
      follow: {zookeeper: "\(zooKeeper.hosts)"}
      listen: {private: "127.0.0.1:\(port)"}
      routes:
        - {name: web, access: private, job: devcluster/\(role)/devel/web}

      """
    try FileSystem.write(text: routes, to: scratch.appending("routes.yaml"))
    others.append(
      try start(
        Self.program("kilt-router"),
        [
          "run", "--config", scratch.appending("routes.yaml").string, "--state-directory",
          scratch.appending("router").string, "--listen", "127.0.0.1:0",
        ], log: "router.log"))
  }

  /// The body of an answer through the router; empty without one.
  func get() throws -> String {
    try Subprocess(
      "curl", ["-s", "--fail", "--max-time", "20", "http://127.0.0.1:\(port)/"], environment: environmentStrings()
    ).run().text
  }
}

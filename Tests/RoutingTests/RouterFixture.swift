import Discovery
import Glibc
import HTTPClient
import JSON
import JobModel
import Routing
import SystemSupport
import Testing

struct TestFailure: Error {}

func waitUntil(_ what: String, _ condition: () throws -> Bool) throws {
  let deadline = monotonicNanoseconds() + 60_000_000_000
  while try !condition() {
    guard monotonicNanoseconds() < deadline else {
      Issue.record("never happened: \(what)")
      throw TestFailure()
    }
    pauseMilliseconds(20)
  }
}

/// A directory for a router, servers that answer with their port, and clients.
final class RouterFixture {
  let directory: FilePath
  let program: FilePath
  let port: Int
  private var servers: [Int: pid_t] = [:]
  private let http = HTTPClient(retry: .never)

  var routes: FilePath { directory.appending("routes.yaml") }

  init() throws {
    program = try #require(
      Subprocess.find("haproxy") ?? (FileSystem.isExecutable("/usr/sbin/haproxy") ? "/usr/sbin/haproxy" : nil),
      "'haproxy' is missing: apt-get install haproxy")
    directory = try FileSystem.makeTemporaryDirectory(prefix: "router")
    port = try Self.freePort()
    try write(
      routes: """
        listen: {private: "127.0.0.1:\(port)"}
        routes:
          - name: web
            access: private
            path: /
            job: aa/cbe/prod/eightball
            slots: 4

        """)
  }

  deinit {
    for id in servers.values {
      Glibc.kill(id, SIGKILL)
      waitpid(id, nil, 0)
    }
    killHAProxy()
    do { try FileSystem.removeTree(directory) } catch { Issue.record("cannot clean up: \(error)") }
  }

  static func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let size = length
    return withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        _ = bind(descriptor, pointer, size)
        _ = getsockname(descriptor, pointer, &length)
      }
      return Int(UInt16(bigEndian: pointer.pointee.sin_port))
    }
  }

  func write(routes text: String) throws { try FileSystem.write(text: text, to: routes, permissions: 0o644) }

  /// Starts a server that answers every GET with its port; returns the port.
  func server() throws -> Int {
    let port = try Self.freePort()
    let text = """
      import http.server, sys
      class Handler(http.server.BaseHTTPRequestHandler):
          def do_GET(self):
              body = sys.argv[1].encode()
              self.send_response(200)
              self.send_header('Content-Length', str(len(body)))
              self.end_headers()
              self.wfile.write(body)
          def log_message(self, *arguments): pass
      http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
      """
    let python = try #require(Subprocess.find("python3"), "'python3' is missing: apt-get install python3")
    let null = try FileSystem.open("/dev/null", .writeOnly)
    defer { FileSystem.close(null) }
    servers[port] = try spawnDetached(python, ["-c", text, "\(port)"], output: null)
    try waitUntil("the server answers") {
      do { return try http.send(HTTPRequest(.get, "http://127.0.0.1:\(port)/")).status == 200 } catch { return false }
    }
    return port
  }

  func kill(port: Int) {
    guard let id = servers.removeValue(forKey: port) else { return }
    Glibc.kill(id, SIGKILL)
    waitpid(id, nil, 0)
  }

  func router() throws -> Router {
    try Router(
      Router.Options(routes: routes, stateDirectory: directory.appending("state"), haproxy: program),
      mailbox: SourceMailbox(), say: { _ in })
  }

  func services(_ ports: [Int]) -> SourceMessage {
    .services([
      Service(
        key: RoutesFileTests.eightball,
        instances: ports.enumerated().map { PlanTests.instance($0, port: $1, host: "127.0.0.1") })
    ])
  }

  func get(_ path: String) throws -> Int {
    Int(try http.send(HTTPRequest(.get, "http://127.0.0.1:\(port)\(path)")).status)
  }

  /// Which servers answer so many requests.
  func answers(_ count: Int) throws -> Set<Int> {
    Set(
      try (0..<count).map { _ in
        let response = try http.send(HTTPRequest(.get, "http://127.0.0.1:\(port)/x"))
        return Int(String(decoding: response.body, as: UTF8.self)) ?? -Int(response.status)
      })
  }

  private var process: HAProxyProcess { HAProxyProcess(program: program, directory: directory.appending("state")) }
  var worker: Int32? { process.worker() }
  var hasHAProxy: Bool { process.isMasterAlive }

  func killHAProxy() {
    let master = RuntimeSocket(directory.appending("state/master.sock").string)
    guard let text = try? master.ask("show proc") else { return }
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      let fields = line.split(whereSeparator: \.isWhitespace)
      if fields.count > 1, fields[1] == "master" || fields[1] == "worker", let id = pid_t(fields[0]) {
        Glibc.kill(id, SIGKILL)
        waitpid(id, nil, 0)
      }
    }
    while process.isMasterAlive { pauseMilliseconds(10) }
  }
}

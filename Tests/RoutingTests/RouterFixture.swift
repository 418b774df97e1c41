import Discovery
import Glibc
import HTTPClient
import JSON
import JobModel
import Routing
import SystemSupport
import TestServers
import Testing

/// A directory for a router, servers that answer with their port, and clients.
final class RouterFixture {
  let directory: FilePath
  let program: FilePath
  let port: Int
  private var servers: [Int: ServerProcess] = [:]
  private let http = HTTPClient(retry: .never)

  var routes: FilePath { directory.appending("routes.yaml") }

  init() throws {
    program = try ServerProcess.find("haproxy", package: "haproxy")
    directory = try FileSystem.makeTemporaryDirectory(prefix: "router")
    port = try LoopbackPorts.free()
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
    servers = [:]
    killHAProxy()
    do { try FileSystem.removeTree(directory) } catch { Issue.record("cannot clean up: \(error)") }
  }

  func write(routes text: String) throws { try FileSystem.write(text: text, to: routes, permissions: 0o644) }

  /// Starts a server that answers every GET with its port; returns the port.
  func server() throws -> Int {
    let port = try LoopbackPorts.free()
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
    servers[port] = try ServerProcess(
      "python3", package: "python3", in: directory, ["-c", text, "\(port)"], environment: environmentStrings())
    try waitUntil("the server answers") {
      do { return try http.send(HTTPRequest(.get, "http://127.0.0.1:\(port)/")).status == 200 } catch { return false }
    }
    return port
  }

  func kill(port: Int) { servers.removeValue(forKey: port)?.stop() }

  func router() throws -> Router {
    try Router(
      Router.Options(routes: routes, stateDirectory: directory.appending("state"), haproxy: program),
      mailbox: SourceMailbox(), say: { _ in })
  }

  /// The catalogue's message with an instance for each port; of release 1 where `releases` says nothing else.
  func services(_ ports: [Int], releases: [Int] = []) -> SourceMessage {
    .services([
      Service(
        key: RoutesFileTests.eightball,
        instances: ports.enumerated().map { position, port in
          PlanTests.instance(
            position, port: port, host: "127.0.0.1", release: position < releases.count ? releases[position] : 1)
        })
    ])
  }

  func get(_ path: String) throws -> Int {
    Int(try http.send(HTTPRequest(.get, "http://127.0.0.1:\(port)\(path)")).status)
  }

  /// The servers that answer this number of requests.
  func answers(_ count: Int) throws -> Set<Int> { Set(try counts(count).keys) }

  /// The number of requests that each server answers, by port, out of `count`; a status of HAProxy counts as its negative.
  func counts(_ count: Int) throws -> [Int: Int] {
    var counts: [Int: Int] = [:]
    for _ in 0..<count {
      let response = try http.send(HTTPRequest(.get, "http://127.0.0.1:\(port)/x"))
      counts[Int(String(decoding: response.body, as: UTF8.self)) ?? -Int(response.status), default: 0] += 1
    }
    return counts
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

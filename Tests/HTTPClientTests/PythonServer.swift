import SystemSupport
import Testing

struct ServerDidNotStart: Error {}

/// Python's own HTTP server with a handler of the test's, on a free loopback port, for as long as this object lives.
///
/// The handler is the body of a class: methods `do_GET` and so on. The server ends when its standard input does, so it
/// outlives no test run.
final class PythonServer: Sendable {
  let port: Int
  private let process: ConversingProcess

  var url: String { "http://127.0.0.1:\(port)" }

  init(handler: String) throws {
    let python = try #require(Subprocess.find("python3"), "these tests need python3: apt-get install python3")
    let script = """
      import os, sys, threading, time, http.server
      STATE = {}
      LOCK = threading.Lock()
      def count(key):
        with LOCK:
          STATE[key] = STATE.get(key, 0) + 1
          return STATE[key]
      class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'
        def log_message(self, *args): pass
        def body(self): return self.rfile.read(int(self.headers.get('Content-Length', 0)))
        def answer(self, status, body=b'', **headers):
          self.send_response(status)
          for name, value in headers.items(): self.send_header(name.replace('_', '-'), value)
          self.send_header('Content-Length', str(len(body)))
          self.end_headers()
          if self.command != 'HEAD': self.wfile.write(body)
      \(handler.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }.joined(separator: "\n"))
      server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
      threading.Thread(target=server.serve_forever, daemon=True).start()
      print(server.server_address[1], flush=True)
      sys.stdin.read()
      os._exit(0)
      """
    process = try ConversingProcess(
      Subprocess(python.string, ["-I", "-c", script]), errorOutput: FileDescriptor(rawValue: 2))
    guard case .line(let line) = try process.receive(), let port = Int(String(decoding: line, as: UTF8.self)) else {
      throw ServerDidNotStart()
    }
    self.port = port
  }

  deinit { process.end(within: 5000) }
}

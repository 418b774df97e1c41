import CSystemShims
import Glibc
import SystemSupport
import Testing

/// Python's own HTTP server with a handler of the test's, on a free loopback port, for as long as this object lives.
///
/// The handler is the body of a class: methods `do_GET` and so on. The server ends when its standard input does, so it
/// outlives no test run.
final class PythonServer: Sendable {
  let port: Int
  private let pid: pid_t
  private let input: CInt

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
    var toServer: [CInt] = [-1, -1]
    var fromServer: [CInt] = [-1, -1]
    try #require(kilt_pipe_cloexec(&toServer) == 0 && kilt_pipe_cloexec(&fromServer) == 0)
    var options = kilt_spawn_options(
      standard_input: toServer[0], standard_output: fromServer[1], standard_error: 2, working_directory: nil,
      new_session: 0)
    var pid: pid_t = 0
    let result = withCStrings([python.string, "-I", "-c", script]) { arguments in
      withCStrings(environmentStrings()) { kilt_spawn(&pid, arguments[0], arguments, $0, &options) }
    }
    close(toServer[0])
    close(fromServer[1])
    defer { close(fromServer[0]) }
    try #require(result == 0)
    self.pid = pid
    input = toServer[1]
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while read(fromServer[0], &byte, 1) == 1, byte != 0x0A { line.append(byte) }
    port = try #require(Int(String(decoding: line, as: UTF8.self)), "the server did not start")
  }

  deinit {
    close(input)
    var status: CInt = 0
    waitpid(pid, &status, 0)
  }
}

import JobModel
import Synchronization
import SystemSupport
import TestServers
import Testing

@testable import Executor

/// Reports to an HTTP server that notes each call and accepts it.
@Suite struct TaskReporterTests {
  private static let server = """
    import http.server, json, sys, urllib.parse
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers['Content-Length'] or 0))
            place = urllib.parse.urlparse(self.path)
            query = dict(urllib.parse.parse_qsl(place.query))
            verb = place.path.rsplit('/', 1)[1]
            with open(sys.argv[2], 'a') as log: log.write(verb + ' ' + body.decode().strip() + '\\n')
            answer = {'records': {'next': 0}, 'logs': {'end': int(query.get('position', 0)) + len(body)}}.get(verb, {})
            data = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header('Content-Length', str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        def log_message(self, *arguments): pass
    http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
    """

  @Test("An ended task with a log that cannot be read is not reported as complete before the log was sent")
  func unreadableLog() throws {
    let scratch = try FileSystem.makeTemporaryDirectory(prefix: "reporter")
    defer { do { try FileSystem.removeTree(scratch) } catch { Issue.record(error) } }
    let (port, calls) = (try LoopbackPorts.free(), scratch.appending("calls"))
    try FileSystem.write(text: "", to: calls)
    let server = try ServerProcess(
      "python3", package: "python3", in: scratch, ["-c", Self.server, "\(port)", calls.string])
    defer { server.stop() }
    let directory = TaskDirectory(scratch.appending("task").string)
    let log = FilePath(directory.paths.log(process: "web", run: 0, stream: "stdout"))
    // Opening a link to itself fails with ELOOP, as opening fails without a free descriptor.
    try FileSystem.createDirectories(log.removingLastComponent())
    try FileSystem.createSymbolicLink(at: log, to: "stdout")
    let contact = SchedulerContact(
      address: "http://127.0.0.1:\(port)", task: TaskID("task"), token: "secret", key: nil)
    let reporter = TaskReporter(channel: SchedulerChannel(contact: contact), directory: directory)
    reporter.finish()
    #expect(startThread { reporter.run() })
    func seen() throws -> [String] { try FileSystem.readText(calls).split(separator: "\n").map(String.init) }
    try waitUntil("the executor reports") { try seen().count > 0 }
    #expect(!reporter.isDone)
    try FileSystem.removeFile(log)
    try FileSystem.write(text: "last words\n", to: log)
    try waitUntil("everything is reported") { reporter.isDone }
    #expect(try seen().filter { !$0.hasPrefix("records") } == ["logs last words", "end "])
  }
}

import Diagnostics
import Digests
import Glibc
import HTTPClient
import SystemSupport
import Testing

@testable import Artifacts

/// A small HTTP server in Python with a handler of the test's; it ends when this value does.
final class ScriptedServer: Sendable {
  let port: Int
  private let process: ConversingProcess

  /// - Parameter handler: the body of a class: methods `do_GET` and so on, with `self.answer(status, body, **headers)`,
  ///   `self.body()`, and `count(key)`.
  init(_ handler: String) throws {
    let python = try #require(Subprocess.find("python3"), "these tests need python3: apt-get install python3")
    let script = """
      import os, sys, json, threading, time, http.server
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
          if isinstance(body, str): body = body.encode()
          self.send_response_only(status)
          for name, value in headers.items(): self.send_header(name.replace('_', '-'), value)
          if 'Date' not in headers: self.send_header('Date', self.date_time_string())
          self.send_header('Content-Length', str(len(body)))
          self.end_headers()
          if self.command != 'HEAD': self.wfile.write(body)
      \(handler.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }.joined(separator: "\n"))
      server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
      server.daemon_threads = True
      threading.Thread(target=server.serve_forever, daemon=True).start()
      print(server.server_address[1], flush=True)
      sys.stdin.read()
      os._exit(0)
      """
    process = try ConversingProcess(
      Subprocess(python.string, ["-I", "-c", script]), errorOutput: FileDescriptor(rawValue: 2))
    guard case .line(let line) = try process.receive(), let port = Int(String(decoding: line, as: UTF8.self)) else {
      throw SystemCallError("start", "python3", .ioError)
    }
    self.port = port
  }

  deinit { process.end(within: 5000) }
}

@Suite("Sources of credentials, and answers of servers about them")
struct S3AccessTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func environment(_ values: [String: String]) -> AWSEnvironment { AWSEnvironment { values[$0] } }

  private func storage(
    _ port: Int, _ values: [String: String] = [:], limits: TransferLimits = .standard,
    clock: @escaping @Sendable () -> Int64 = { Int64(time(nil)) }
  ) throws -> S3Storage {
    var values = values
    values["AWS_REGION"] = "us-east-1"
    if values["AWS_EC2_METADATA_SERVICE_ENDPOINT"] == nil { values["AWS_EC2_METADATA_DISABLED"] = "true" }
    let location = try S3Location(
      parsing: "s3://bucket?endpoint=http://127.0.0.1:\(port)", environment: environment(values))
    return S3Storage(
      location, environment: environment(values), client: HTTPClient(retry: .never), limits: limits, clock: clock)
  }

  private static let keys = ["AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "B"]

  @Test("An instance's role comes from IMDSv2, and is requested again before it expires") func instance() throws {
    let server = try ScriptedServer(
      """
      def do_PUT(self):
        if self.path != '/latest/api/token' or 'x-aws-ec2-metadata-token-ttl-seconds' not in self.headers:
          return self.answer(400)
        self.answer(200, 'the-token')
      def do_GET(self):
        if self.headers.get('x-aws-ec2-metadata-token') != 'the-token': return self.answer(401)
        base = '/latest/meta-data/iam/security-credentials/'
        if self.path == base: return self.answer(200, 'the-role\\n')
        if self.path != base + 'the-role': return self.answer(404)
        number = count('role')
        self.answer(200, json.dumps({'Code': 'Success', 'AccessKeyId': 'A%d' % number, 'SecretAccessKey': 'S',
          'Token': 'T', 'Expiration': '2030-01-01T0%d:00:00Z' % number}))
      """)
    let source = CredentialSource(environment(["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:\(server.port)"]))
    let one = try #require(RFC3339.seconds("2030-01-01T01:00:00Z"))
    #expect(try source.credentials(now: one - 3600)?.accessKey == "A1")
    #expect(try source.credentials(now: one - 301)?.accessKey == "A1")
    #expect(try source.credentials(now: one - 299)?.accessKey == "A2")
    #expect(try source.credentials(now: one)?.sessionToken == "T")
  }

  @Test("A request to a container's endpoint carries its token") func container() throws {
    let server = try ScriptedServer(
      """
      def do_GET(self):
        if self.headers.get('authorization') != 'Bearer x': return self.answer(403)
        self.answer(200, json.dumps({'AccessKeyId': 'C', 'SecretAccessKey': 'S', 'Token': 'T'}))
      """)
    let token = scratch.appending("token")
    try FileSystem.write(text: "Bearer x\n", to: token)
    let url = "http://127.0.0.1:\(server.port)/v1/credentials"
    for variable in [
      ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Bearer x"), ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token.string),
    ] {
      let source = CredentialSource(
        environment(["AWS_CONTAINER_CREDENTIALS_FULL_URI": url, variable.0: variable.1]))
      #expect(try source.credentials(now: 0) == AWSCredentials(accessKey: "C", secretKey: "S", sessionToken: "T"))
    }
    let denied = CredentialSource(environment(["AWS_CONTAINER_CREDENTIALS_FULL_URI": url]))
    let error = artifactError { () throws(ArtifactError) in try denied.credentials(now: 0) }
    #expect(error?.diagnostic.notes.first?.contains("answered with status 403") == true)
  }

  @Test("A profile's credential_process runs, and its failure names the cause") func process() throws {
    func source(_ command: String) throws -> CredentialSource {
      let file = scratch.appending("config")
      try FileSystem.write(text: "[profile ci]\ncredential_process = \(command)\n", to: file)
      return CredentialSource(environment(["AWS_CONFIG_FILE": file.string, "AWS_PROFILE": "ci"]))
    }
    let right = #"echo '{"Version": 1, "AccessKeyId": "P", "SecretAccessKey": "S", "SessionToken": "T"}'"#
    #expect(try source(right).credentials(now: 0)?.accessKey == "P")
    for (command, note) in [
      ("echo no; exit 4", "exited(4)"), ("echo '{}'", "its output is not version 1"),
      ("true", "the answer is not JSON"),
    ] {
      let source = try source(command)
      let error = artifactError { () throws(ArtifactError) in try source.credentials(now: 0) }
      #expect(error?.diagnostic.notes.first?.contains(note) == true, "\(String(describing: error))")
    }
  }

  @Test("A session token that expires during an upload is renewed, and the request repeated") func expiring() throws {
    let server = try ScriptedServer(
      """
      def do_PUT(self):
        self.body()
        if self.headers.get('x-amz-security-token') == 'T1':
          return self.answer(400, '<Error><Code>ExpiredToken</Code></Error>')
        self.answer(200, ETag='"x"')
      """)
    let counter = scratch.appending("count")
    let command =
      #"n=$(cat \#(counter) 2>/dev/null || echo 0); n=$((n+1)); echo $n > \#(counter); echo "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\",\"SessionToken\":\"T$n\"}""#
    let file = scratch.appending("config")
    try FileSystem.write(text: "[default]\ncredential_process = \(command)\n", to: file)
    let storage = try storage(server.port, ["AWS_CONFIG_FILE": file.string])
    let blob = scratch.appending("blob")
    try FileSystem.write(text: "bytes", to: blob)
    try storage.upload(FilePiece(path: blob, offset: 0, length: 5), digest: .of("bytes"), to: "blobs/x")
    #expect(try FileSystem.readText(counter) == "2\n")
    // Keys that cannot be renewed are an error, after one request.
    let fixed = try self.storage(server.port, Self.keys.merging(["AWS_SESSION_TOKEN": "T1"]) { $1 })
    let error = artifactError { () throws(ArtifactError) in
      try fixed.upload(FilePiece(path: blob, offset: 0, length: 5), digest: .of("bytes"), to: "blobs/x")
    }
    #expect(error?.diagnostic.notes.first?.contains("ExpiredToken") == true)
  }

  @Test("A wrong clock is corrected once by the server's date") func skew() throws {
    let server = try ScriptedServer(
      """
      def do_PUT(self):
        self.body()
        count('requests')
        if not self.headers['x-amz-date'].startswith('20300101T12'):
          return self.answer(403, '<Error><Code>RequestTimeTooSkewed</Code></Error>', Date='Tue, 01 Jan 2030 12:00:00 GMT')
        self.answer(200, ETag='"x"')
      def do_GET(self): self.answer(200, str(STATE.get('requests', 0)))
      """)
    let storage = try storage(server.port, Self.keys, clock: { 1_000_000 })
    for _ in 0..<3 { #expect(try storage.create("k", [1])) }
    #expect(try storage.read("count", limit: 100).map { String(decoding: $0, as: UTF8.self) } == "4")
    #expect(HTTPDate.seconds("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
    for text in ["", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Foo 1994 08:49:37 GMT", "now"] {
      #expect(HTTPDate.seconds(text) == nil)
    }
  }

  @Test("A request that gets 409 is repeated; 412 means that another writer was first") func conflicts() throws {
    let server = try ScriptedServer(
      """
      def do_PUT(self):
        self.body()
        if 'busy' in self.path and count('busy') < 3: return self.answer(409, '<Error><Code>ConditionalRequestConflict</Code></Error>')
        if 'taken' in self.path: return self.answer(412, '<Error><Code>PreconditionFailed</Code></Error>')
        self.answer(200, ETag='"x"')
      """)
    let storage = try storage(server.port, Self.keys)
    #expect(try storage.create("busy", [1]))
    #expect(try !storage.create("taken", [1]))
    #expect(try !storage.replace("taken", [1], expecting: ObjectVersion(text: "\"y\"")))
  }

  @Test(
    "A silent or trickling server causes an error within the deadline",
    arguments: ["silent", "trickle", "half"]) func deadlines(_ kind: String) throws
  {
    let server = try ScriptedServer(
      """
      def do_GET(self):
        self.send_response_only(200)
        self.send_header('Content-Length', '1000000')
        self.end_headers()
        if 'silent' in self.path: time.sleep(600)
        if 'half' in self.path:
          self.wfile.write(b'x' * 1000); self.wfile.flush(); time.sleep(600)
        while True:
          self.wfile.write(b'x'); self.wfile.flush(); time.sleep(0.2)
      """)
    let limits = TransferLimits(silence: 1_000, whole: 3_000, slowest: 1_000_000)
    let storage = try storage(server.port, Self.keys, limits: limits)
    let start = monotonicNanoseconds()
    let error = artifactError { () throws(ArtifactError) in
      try storage.download(kind, limit: 1_000_000) { (_) throws(ArtifactError) in }
    }
    guard case .unreachable = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    // Each is far below the server's ten minutes, also under load.
    #expect(monotonicNanoseconds() - start < 120_000_000_000)
  }

  @Test("A broken download continues, even if the server starts over", arguments: ["ranges", "no ranges"])
  func resumption(_ kind: String) throws {
    let server = try ScriptedServer(
      """
      def do_GET(self):
        data = bytes(range(256)) * 4000
        wanted = self.headers.get('Range')
        start = int(wanted.split('=')[1].split('-')[0]) if wanted and 'no' not in self.path else 0
        self.send_response_only(206 if start else 200)
        self.send_header('Content-Length', str(len(data) - start))
        self.end_headers()
        if count('requests') < (2 if 'no' in self.path else 4): self.wfile.write(data[start:start + 300000]); self.close_connection = True
        else: self.wfile.write(data[start:])
      """)
    let storage = try storage(server.port, Self.keys)
    var received: [UInt8] = []
    let found = try storage.download(kind.replacing(" ", with: "-"), limit: 2_000_000) {
      (bytes) throws(ArtifactError) in
      received.append(contentsOf: bytes)
    }
    #expect(found)
    #expect(received == [UInt8](repeating: 0, count: 1_024_000).indices.map { UInt8(truncatingIfNeeded: $0) })
  }

  @Test("A bucket can be in the host of any endpoint") func virtualHosts() throws {
    let none = environment(["AWS_EC2_METADATA_DISABLED": "true"])
    let location = try S3Location(
      parsing: "s3://artifacts/kilt?endpoint=https://s3.example:9000/base&style=virtual", environment: none)
    #expect(location.host == "artifacts.s3.example:9000")
    #expect(location.path("x") == "/base/kilt/x")
    let path = try S3Location(parsing: "s3://artifacts?endpoint=http://h&style=path", environment: none)
    #expect(path.host == "h" && path.path("x") == "/artifacts/x")
    #expect(
      artifactError { () throws(ArtifactError) in
        try S3Location(parsing: "s3://artifacts?style=odd", environment: none)
      }?.diagnostic.blame == .input)
  }
}

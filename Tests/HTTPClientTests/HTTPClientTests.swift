import Diagnostics
import Glibc
import Synchronization
import SystemSupport
import Testing

@testable import HTTPClient

/// A policy whose waits are too short to notice.
private let quick = RetryPolicy(attempts: 3, firstDelay: 1, maximumDelay: 5)

@Suite struct HTTPClientTests {
  @Test func sendsMethodHeadersAndBodyAndReturnsTheAnswer() throws {
    let server = try PythonServer(
      handler: """
        def do_POST(self):
          text = '%s %s %s ' % (self.path, self.headers['X-Test'], self.headers['Content-Length'])
          self.answer(201, text.encode() + self.body(), X_Reply='a b', ETag='"1"')
        """)
    let request = HTTPRequest(
      .post, server.url + "/p?q=1", headers: ["X-Test": "yes"], body: .bytes(Array("hello".utf8)))
    let response = try HTTPClient().send(request)
    #expect(response.status == 201)
    #expect(response.text == "/p?q=1 yes 5 hello")
    #expect(response.headers["x-reply"] == "a b")
    #expect(response.headers["etag"] == "\"1\"")
  }

  @Test func sendsAPartOfAFileAndAgainAfterAFailure() throws {
    let server = try PythonServer(
      handler: """
        def do_PUT(self):
          body = self.body()
          self.answer(503 if count('put') < 3 else 200, body)
        """)
    let path = try FileSystem.makeTemporaryDirectory(prefix: "kilt-http").appending("body")
    defer { #expect(throws: Never.self) { try FileSystem.removeTree(path.removingLastComponent()) } }
    try FileSystem.write(text: "0123456789", to: path)
    let body = HTTPBody.file(path: path.string, offset: 2, length: 5)
    let response = try HTTPClient(retry: quick).send(HTTPRequest(.put, server.url, body: body))
    #expect(response.status == 200)
    #expect(response.text == "23456")
  }

  @Test func aFileShorterThanPromisedIsAnErrorThatNamesIt() throws {
    let server = try PythonServer(handler: "def do_PUT(self): self.answer(200, self.body())")
    let body = HTTPBody.file(path: "/proc/self/comm", offset: 0, length: 1000)
    let error = #expect(throws: HTTPError.self) {
      try HTTPClient().send(HTTPRequest(.put, server.url, body: body))
    }
    #expect(error?.kind == .requestBody)
    #expect(error?.detail.contains("/proc/self/comm") == true)
  }

  @Test func anEmptyPostHasALengthOfZero() throws {
    let server = try PythonServer(
      handler: "def do_POST(self): self.answer(200, str(self.headers['Content-Length']).encode())")
    #expect(try HTTPClient().send(HTTPRequest(.post, server.url)).text == "0")
  }

  @Test func headHasHeadersAndNoBody() throws {
    let server = try PythonServer(handler: "def do_HEAD(self): self.answer(200, b'12345')")
    let response = try HTTPClient().send(HTTPRequest(.head, server.url))
    #expect(response.headers["content-length"] == "5")
    #expect(response.body.isEmpty)
  }

  @Test func repeatsAnIdempotentRequestAndReturnsTheLastFailure() throws {
    let server = try PythonServer(
      handler: """
        def do_GET(self): self.answer(500, b'%d' % count('get'))
        def do_POST(self):
          self.body()
          self.answer(500, b'%d' % count('post'))
        """)
    let client = HTTPClient(retry: quick)
    let response = try client.send(HTTPRequest(.get, server.url))
    #expect(response.status == 500)
    #expect(response.text == "3")
    #expect(try client.send(HTTPRequest(.post, server.url)).text == "1")
  }

  @Test func aConnectionThatBreaksIsTriedAgain() throws {
    let server = try PythonServer(
      handler: """
        def do_GET(self):
          if count('get') == 1:
            self.send_response(200)
            self.send_header('Content-Length', '10')
            self.end_headers()
            self.wfile.write(b'half')
            self.wfile.flush()
            self.close_connection = True
          else:
            self.answer(200, b'0123456789')
        """)
    let path = try FileSystem.makeTemporaryDirectory(prefix: "kilt-http").appending("file")
    defer { #expect(throws: Never.self) { try FileSystem.removeTree(path.removingLastComponent()) } }
    let file = try FileSystem.open(path, .readWrite, options: [.create], permissions: .ownerReadWrite)
    defer { FileSystem.close(file) }
    let response = try HTTPClient(retry: quick).download(HTTPRequest(.get, server.url), to: file.rawValue)
    #expect(response.isSuccess)
    #expect(try FileSystem.readText(path) == "0123456789")
  }

  @Test func aBodyAboveTheLimitIsRefusedAndAnErrorPageIsNotDownloaded() throws {
    let server = try PythonServer(
      handler: """
        def do_GET(self):
          if self.path == '/missing': self.answer(404, b'no such thing')
          else: self.answer(200, b'x' * 100000)
        """)
    let client = HTTPClient()
    let error = #expect(throws: HTTPError.self) { try client.send(HTTPRequest(.get, server.url), limit: 99_999) }
    #expect(error?.kind == .tooLarge(limit: 99_999))
    var received = 0
    let response = try client.download(HTTPRequest(.get, server.url + "/missing")) { received += $0.count }
    #expect(response.status == 404)
    #expect(response.text == "no such thing")
    #expect(received == 0)
    #expect(throws: HTTPError.self) { try response.requireSuccess(HTTPRequest(.get, server.url)) }
  }

  @Test func followsRedirectsOfGetOnlyAndNeverToAFile() throws {
    let server = try PythonServer(
      handler: """
        def do_GET(self):
          if self.path == '/a': self.answer(302, b'moved', Location='/b')
          elif self.path == '/file': self.answer(302, b'', Location='file:///etc/passwd')
          else: self.answer(200, b'here')
        def do_DELETE(self): self.answer(302, b'moved', Location='/b')
        """)
    let client = HTTPClient()
    let response = try client.send(HTTPRequest(.get, server.url + "/a"))
    #expect(response.text == "here")
    #expect(response.url == server.url + "/b")
    #expect(try client.send(HTTPRequest(.delete, server.url + "/a")).status == 302)
    #expect(throws: HTTPError.self) { try client.send(HTTPRequest(.get, server.url + "/file")) }
    #expect(throws: HTTPError.self) { try client.send(HTTPRequest(.get, "file:///etc/passwd")) }
  }

  @Test func credentialsAreSentAndNeverShown() throws {
    let server = try PythonServer(
      handler: "def do_GET(self): self.answer(200, self.headers.get('Authorization', '').encode())")
    let client = HTTPClient(retry: .never)
    // base64 of "ann:geheim"
    let expected = "Basic YW5uOmdlaGVpbQ=="
    let url = "http://ann:geheim@127.0.0.1:\(server.port)/"
    let response = try client.send(HTTPRequest(.get, url))
    #expect(response.text == expected)
    #expect(!response.url.contains("geheim"))
    let basic = HTTPRequest(.get, server.url, credentials: .basic(user: "ann", password: "geheim"))
    #expect(try client.send(basic).text == expected)
    let error = #expect(throws: HTTPError.self) {
      try client.send(HTTPRequest(.get, "http://ann:geheim@127.0.0.1:1/x"))
    }
    #expect(error?.kind == .unreachable)
    let shown = DiagnosticRenderer(color: false).render(try #require(error).diagnostic)
    #expect(shown.contains("http://127.0.0.1:1/x"))
    #expect(!shown.contains("geheim"))
    #expect(error?.diagnostic.blame == .environment)
  }

  @Test func oneClientKeepsConnectionsOpen() throws {
    let server = try PythonServer(
      handler: "def do_GET(self): self.answer(200, b'%d' % self.client_address[1])")
    let client = HTTPClient()
    let request = HTTPRequest(.get, server.url)
    #expect(try client.send(request).text == client.send(request).text)
  }

  @Test func aBatchIsConcurrentAndKeepsTheOrder() throws {
    // The barrier lets nobody pass before four requests are there at once.
    let server = try PythonServer(
      handler: """
        barrier = threading.Barrier(4, timeout=30)
        def do_GET(self):
          self.barrier.wait()
          self.answer(200, self.path.encode())
        """)
    let requests = (0..<8).map { HTTPRequest(.get, "\(server.url)/\($0)") }
    let answers = HTTPClient().perform(requests, maxConcurrency: 4)
    #expect(try answers.map { try $0.get().text } == (0..<8).map { "/\($0)" })
  }

  @Test func aStreamEndsWhenCancelledFromAnotherThread() throws {
    let server = try PythonServer(
      handler: """
        def do_GET(self):
          self.send_response(200)
          self.send_header('Content-Type', 'text/event-stream')
          self.end_headers()
          self.wfile.write(b'event: a\\ndata: 1\\n\\n')
          self.wfile.flush()
          time.sleep(3600)
        """)
    let cancellation = HTTPCancellation()
    let events = Mutex<[ServerSentEvent]>([])
    // One of two threads streams, the other cancels once the first event is there.
    let outcomes = HTTPClient().concurrently(2, maxConcurrency: 2) { index in
      if index == 0 {
        var parser = ServerSentEventParser()
        _ = try HTTPClient().stream(HTTPRequest(.get, server.url), cancellation: cancellation) { bytes in
          let new = parser.consume(bytes)
          events.withLock { $0 += new }
          return true
        }
      } else {
        while events.withLock({ $0.isEmpty }) { usleep(1000) }
        cancellation.cancel()
      }
    }
    #expect(events.withLock { $0 } == [ServerSentEvent(name: "a", data: "1")])
    let error = #expect(throws: HTTPError.self) { try outcomes[0].get() }
    #expect(error?.kind == .cancelled)
  }

  @Test func aStreamEndsWhenTheReceiverHasEnough() throws {
    let server = try PythonServer(handler: "def do_GET(self): self.answer(200, b'0123456789')")
    let response = try HTTPClient().stream(HTTPRequest(.get, server.url)) { _ in false }
    #expect(response.isSuccess)
  }

  @Test func aServerThatNeverAnswersTimesOut() throws {
    let server = try PythonServer(handler: "def do_GET(self): time.sleep(3600)")
    let request = HTTPRequest(.get, server.url, timeouts: HTTPTimeouts(total: 50))
    let error = #expect(throws: HTTPError.self) { try HTTPClient(retry: .never).send(request) }
    #expect(error?.kind == .timedOut)
  }

  @Test func aLineBreakInAHeaderIsRefused() throws {
    let request = HTTPRequest(.get, "http://127.0.0.1:1/", headers: ["X": "a\r\nHost: b"])
    let error = #expect(throws: HTTPError.self) { try HTTPClient(retry: .never).send(request) }
    #expect(error?.kind == .other)
  }
}

import Diagnostics
import HTTPClient

/// One GET of a health endpoint: of the task's own port on this machine's loopback, or of another service.
struct HTTPCheck: Sendable {
  /// `http://HOST:PORT`, without a path.
  var base: String
  var path: String
  /// Compared with the body without case and without the white space around it; nil accepts any.
  var expectedResponse: String?
  /// 0 accepts any success.
  var expectedCode: Int
  var timeout: Duration

  init(base: String, path: String, expectedResponse: String?, expectedCode: Int, timeout: Duration) {
    self.base = base
    self.path = path
    self.expectedResponse = expectedResponse
    self.expectedCode = expectedCode
    self.timeout = timeout
  }

  /// A check of a port of the task.
  init(port: Int, path: String, expectedResponse: String?, expectedCode: Int, timeout: Duration) {
    self.init(
      base: HTTPExchange.base(port: port), path: path, expectedResponse: expectedResponse, expectedCode: expectedCode,
      timeout: timeout)
  }

  /// The address in messages: a port of the task alone, any other whole.
  private var place: String {
    let loopback = "http://127.0.0.1:"
    return base.hasPrefix(loopback) ? "\(path) on port \(base.dropFirst(loopback.count))" : "\(path) of \(base)"
  }

  /// The problem, or nil. Blocks for the timeout at most.
  func problem() -> String? {
    let response: HTTPResponse
    switch HTTPExchange.send(.get, base: base, path: path, timeout: timeout) {
    case .success(let received): response = received
    case .failure(let problem): return problem.text
    }
    let isExpected = expectedCode == 0 ? response.isSuccess : response.status == expectedCode
    guard isExpected else {
      let wanted = expectedCode == 0 ? "200 to 299" : "\(expectedCode)"
      return "\(place) answered \(response.status), expected \(wanted)"
    }
    guard let expectedResponse else { return nil }
    let body = HTTPCheck.trimmed(response.text)
    if body.lowercased() == HTTPCheck.trimmed(expectedResponse).lowercased() { return nil }
    return "\(place) answered \"\(body.prefix(80))\", expected \"\(expectedResponse)\""
  }

  private static func trimmed(_ text: String) -> Substring {
    var text = text[...]
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }
}

/// Requests to the task's own ports.
enum HTTPExchange {
  struct Problem: Error {
    var text: String
  }

  static func base(port: Int) -> String { "http://127.0.0.1:\(port)" }

  static func send(
    _ method: HTTPMethod, base: String, path: String, timeout: Duration
  ) -> Result<HTTPResponse, Problem> {
    let milliseconds = Int(max(timeout.wholeMilliseconds, 1))
    let request = HTTPRequest(
      method, "\(base)\(path.hasPrefix("/") ? "" : "/")\(path)",
      timeouts: HTTPTimeouts(connect: milliseconds, stall: nil, total: milliseconds), followsRedirects: false)
    do {
      // A client of its own, so a connection is never reused: each check asks whether the task still accepts one.
      return .success(try HTTPClient(retry: .never).send(request, limit: 1 << 20))
    } catch let error as HTTPError {
      let diagnostic = error.diagnostic
      return .failure(Problem(text: ([diagnostic.summary] + diagnostic.notes).joined(separator: ": ")))
    } catch {
      return .failure(Problem(text: "\(error)"))
    }
  }

  /// Asks a task to do something; nil when it answered at all.
  static func post(port: Int, path: String, timeout: Duration) -> String? {
    switch send(.post, base: base(port: port), path: path, timeout: timeout) {
    case .success: nil
    case .failure(let problem): problem.text
    }
  }
}

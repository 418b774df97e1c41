internal import Diagnostics
internal import HTTPClient
internal import JSON
internal import SystemSupport

/// Calls of the Engine API (https://docs.docker.com/engine/api/), synchronous, from any thread.
struct DockerClient: Sendable {
  let address: DockerAddress
  private let http = HTTPClient(retry: .never)
  /// The oldest version that has what tasks need: limits on processes, and capabilities (Docker 20.10).
  static let version = "v1.41"
  /// An engine that does not answer must not hold the scheduler for long.
  private static let timeout = 20_000

  init(_ address: DockerAddress) { self.address = address }

  /// - Parameters:
  ///   - path: below the version, with its query.
  ///   - action: for messages: "list the nodes of the swarm".
  /// - Returns: the answer; null for one without content.
  func call(
    _ method: HTTPMethod, _ path: String, _ body: JSONValue? = nil, action: String
  ) throws(DockerError) -> JSONValue {
    var request = HTTPRequest(
      method, "\(address.base)/\(Self.version)/\(path)",
      body: body.map { .bytes($0.bytes(.compact)) } ?? .none,
      timeouts: HTTPTimeouts(connect: 5000, total: Self.timeout), followsRedirects: false)
    if body != nil { request.headers["Content-Type"] = "application/json" }
    request.unixSocketPath = address.socket
    if let files = address.certificates {
      request.certificateFile = files.authority
      request.clientCertificate = (files.certificate, files.key)
    }
    let response: HTTPResponse
    do {
      response = try http.send(request, limit: 64 << 20)
    } catch {
      let diagnostic = (error as? any DiagnosableError)?.diagnostic
      let message = [diagnostic?.summary ?? "\(error)"] + (diagnostic?.notes ?? [])
      throw DockerError(status: nil, action: action, message: message.joined(separator: ": "))
    }
    guard response.isSuccess else {
      var message = response.text
      // The engine's own errors are objects.
      do { message = try JSONValue(parsing: response.body)["message"]?.string ?? message } catch {}
      throw DockerError(status: response.status, action: action, message: message)
    }
    if response.body.isEmpty { return .null }
    do {
      return try JSONValue(parsing: response.body)
    } catch {
      throw DockerError(status: response.status, action: action, message: "the answer is not JSON: \(error)")
    }
  }

  /// A query of filters, each with one value: `filters={"label": ["NAME=VALUE"]}`.
  static func filters(_ name: String, _ value: String) -> String {
    let text = JSONValue.members([name: .strings([value])]).text(.compact)
    return "filters=" + PercentEncoding.encode(text)
  }
}

internal import Diagnostics
internal import HTTPClient
public import JSON
public import JobModel

/// The scheduler's API from a client, synchronous; see the server's `/api/openapi.json`.
public struct SchedulerClient: Sendable {
  /// For example `http://127.0.0.1:8081`, without a slash at the end.
  public let address: String
  private let token: String?
  private let http: HTTPClient

  /// A client of the scheduler at an address; the token is found as ``TokenDirectory`` says.
  public init(address: String) throws {
    var address = address
    while address.hasSuffix("/") { address.removeLast() }
    let (host, port) = Self.hostAndPort(address)
    self.init(address: address, token: try TokenDirectory.token(host: host, port: port))
  }

  /// A client that shows this token, or none.
  public init(address: String, token: String?) {
    var address = address
    while address.hasSuffix("/") { address.removeLast() }
    self.address = address
    self.token = token
    // A scheduler that is not there is said at once, not after several tries.
    http = HTTPClient(retry: .never)
  }

  // MARK: Calls

  /// Name, platform and repository of the cluster.
  public func cluster() throws -> JSONValue { try get("/api/cluster") }

  public func jobs() throws -> [JobSummary] {
    try (get("/api/jobs")["jobs"]?.array ?? []).map { try decoding { try JobSummary(json: $0) }($0) }
  }

  /// A job as the API describes it; nil when there is none of that key.
  public func job(_ key: JobKey) throws -> JobStatus? {
    let response = try send(HTTPRequest(.get, address + path(key)))
    if response.status == 404 { return nil }
    return try decoding { try JobStatus(json: $0) }(try json(response))
  }

  public func create(_ configuration: JobConfiguration) throws {
    _ = try post("/api/jobs", configuration.json)
  }

  /// Kills instances of a job, all of them when none are named.
  public func kill(_ key: JobKey, instances: [Int] = []) throws { try change(key, "kill", instances) }

  /// Restarts instances of a job, all of them when none are named.
  public func restart(_ key: JobKey, instances: [Int] = []) throws { try change(key, "restart", instances) }

  /// Hands a log to `receive`, piece by piece; followed, until the task ends or `receive` returns false. Returns false
  /// when there is no such log (yet). It is that of the task named, or of the instance's last that was started.
  public func log(
    _ key: JobKey, instance: Int, process: String, stream: String, task: TaskID? = nil, follow: Bool,
    offset: Int64 = 0, receive: (UnsafeRawBufferPointer) throws -> Bool
  ) throws -> Bool {
    // A task's id is made of identifiers: nothing in it needs encoding.
    let query = "?offset=\(offset)" + (follow ? "&follow=1" : "") + (task.map { "&task=\($0)" } ?? "")
    var request = HTTPRequest(
      .get, address + path(key) + "/instances/\(instance)/logs/\(process)/\(stream)" + query)
    authorize(&request)
    let response = try reaching { try http.stream(request, onBytes: receive) }
    if response.status == 404 { return false }
    _ = try checked(response)
    return true
  }

  // MARK: Requests

  private func path(_ key: JobKey) -> String { "/api/jobs/\(key)" }

  private func change(_ key: JobKey, _ verb: String, _ instances: [Int]) throws {
    let body: JSONValue =
      instances.isEmpty ? .object(JSONObject()) : ["instances": .array(instances.map { .int(Int64($0)) })]
    _ = try post(path(key) + "/" + verb, body)
  }

  private func get(_ path: String) throws -> JSONValue { try json(send(HTTPRequest(.get, address + path))) }

  private func post(_ path: String, _ body: JSONValue) throws -> JSONValue {
    try json(
      send(
        HTTPRequest(
          .post, address + path, headers: ["Content-Type": "application/json"], body: .bytes(body.bytes()))))
  }

  private func send(_ request: HTTPRequest) throws -> HTTPResponse {
    var request = request
    authorize(&request)
    return try reaching { try http.send(request) }
  }

  private func authorize(_ request: inout HTTPRequest) {
    if let token { request.headers.fields.append(HTTPField(name: "Authorization", value: "Bearer \(token)")) }
  }

  private func reaching<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as HTTPError where error.kind == .unreachable {
      throw Diagnostic(
        .environment, "no scheduler answers at \(address)", notes: [error.detail],
        remedies: ["start one on this machine: kilt scheduler"])
    }
  }

  private func json(_ response: HTTPResponse) throws -> JSONValue {
    let response = try checked(response)
    do {
      return try JSONValue(parsing: response.body)
    } catch {
      throw Diagnostic(
        .environment, "what answers at \(address) is no Kilt scheduler: its answer is not JSON, \(error)")
    }
  }

  /// Turns `{"error": {"message", "remedy"}}` into the diagnostic it is.
  private func checked(_ response: HTTPResponse) throws -> HTTPResponse {
    if response.isSuccess { return response }
    let body: JSONValue?
    do { body = try JSONValue(parsing: response.body)["error"] } catch { body = nil }
    let message = body?["message"]?.string ?? "the scheduler at \(address) answered with status \(response.status)"
    let blame: Blame = response.status == 401 || response.status >= 500 ? .environment : .input
    throw Diagnostic(blame, message, remedies: body?["remedy"]?.string.map { [$0] } ?? [])
  }

  private func decoding<Value>(_ body: @escaping (JSONValue) throws -> Value) -> (JSONValue) throws -> Value {
    { json in
      do { return try body(json) } catch {
        throw Diagnostic(
          .environment, "the scheduler at \(address) answers in a form that this client does not know: \(error)",
          remedies: ["use the client and the scheduler of one version"])
      }
    }
  }

  private static func hostAndPort(_ address: String) -> (String, Int) {
    var rest = Substring(address)
    if let slash = rest.firstIndex(of: "/") { rest = rest[slash...].drop { $0 == "/" } }
    rest = rest.prefix { $0 != "/" }
    guard let colon = rest.lastIndex(of: ":"), let port = Int(rest[rest.index(after: colon)...]) else {
      return (String(rest), address.hasPrefix("https") ? 443 : 80)
    }
    return (String(rest[..<colon]), port)
  }
}

internal import Diagnostics
internal import HTTPClient
public import JSON
public import JobModel
public import SchedulerAccess
internal import SystemSupport

/// The scheduler's API from a client, synchronous; see the server's `/api/openapi.json`.
public struct SchedulerClient: Sendable {
  /// The connection to the scheduler, and the secrets that it can see.
  public let endpoint: SchedulerEndpoint
  /// Why the changes of this client are asked for; kept in the audit trail.
  public var reason: String?
  /// The beginning of every URL, without a slash at the end.
  let base: String
  let http: HTTPClient

  /// A client of the scheduler at an address, which its socket, its key or its certificate proves.
  public init(address: String, origin: SchedulerEndpoint.Origin) throws {
    self.init(try SchedulerEndpoint(address: address, origin: origin))
  }

  public init(_ endpoint: SchedulerEndpoint) {
    self.endpoint = endpoint
    // Over a socket, the host has no meaning.
    base = endpoint.socket == nil ? endpoint.address.description : "http://localhost"
    // A scheduler that is not there is said at once, not after several tries.
    http = HTTPClient(retry: .never)
  }

  /// The address as the user wrote it.
  public var address: String { endpoint.address.description }

  // MARK: Calls

  /// Name, platform and repository of the cluster.
  public func cluster() throws -> JSONValue { try get("/api/cluster") }

  public func jobs() throws -> [JobSummary] {
    try (get("/api/jobs")["jobs"]?.array ?? []).map { try decoding { try JobSummary(json: $0) }($0) }
  }

  /// A job as the API describes it; nil when there is none of that key.
  public func job(_ key: JobKey) throws -> JobStatus? {
    let response = try send(HTTPRequest(.get, base + path(key)))
    if response.status == 404 { return nil }
    return try decoding { try JobStatus(json: $0) }(try json(response))
  }

  /// A job, or the remains of a killed one; nil if neither is known.
  public func jobOrHistory(_ key: JobKey) throws -> JobStatus? {
    let response = try send(HTTPRequest(.get, base + path(key) + "?ended=1"))
    if response.status == 404 { return nil }
    return try decoding { try JobStatus(json: $0) }(try json(response))
  }

  @discardableResult
  public func create(_ configuration: JobConfiguration) throws -> ChangeReceipt {
    try receipt(post("/api/jobs", configuration.json))
  }

  /// Kills instances of a job, all of them when none are named.
  public func kill(_ key: JobKey, instances: [Int] = []) throws {
    let body: JSONValue =
      instances.isEmpty ? .object(JSONObject()) : ["instances": .array(instances.map { .int(Int64($0)) })]
    _ = try post(path(key) + "/kill", body)
  }

  /// Passes a log to `receive`, piece by piece; a followed log, until the task ends or `receive` returns false. Returns
  /// false if there is no such log (yet). The log belongs to the named task, or to the instance's last started task.
  public func log(
    _ key: JobKey, instance: Int, process: String, stream: String, task: TaskID? = nil, follow: Bool,
    offset: Int64 = 0, receive: (UnsafeRawBufferPointer) throws -> Bool
  ) throws -> Bool {
    // A task's ID consists of identifiers, which need no encoding.
    let query = "?offset=\(offset)" + (follow ? "&follow=1" : "") + (task.map { "&task=\($0)" } ?? "")
    var request = HTTPRequest(
      .get, base + path(key) + "/instances/\(instance)/logs/\(process)/\(stream)" + query)
    authorize(&request)
    let response = try reaching { try http.stream(request, onBytes: receive) }
    if response.status == 404 { return false }
    _ = try checked(response)
    return true
  }

  // MARK: Access

  /// The caller's name and rights, as the scheduler knows them.
  public func whoami() throws -> JSONValue { try get("/api/whoami") }

  /// A link to the pages that works once.
  public func loginLink() throws -> String { try text("url", of: post("/api/login", .object(JSONObject()))) }

  /// A code that allows one change from a page.
  public func oneTimeCode() throws -> String { try text("code", of: post("/api/code", .object(JSONObject()))) }

  public func tokens() throws -> JSONValue { try get("/api/tokens") }

  /// Creates a token. The answer's member `token` is its text, which the scheduler does not keep.
  public func createToken(name: String, rights: [String], lifetimeSeconds: Int64?) throws -> JSONValue {
    var body = JSONObject([("name", .string(name)), ("rights", .strings(rights))])
    if let lifetimeSeconds { body["expires_in"] = .int(lifetimeSeconds) }
    return try post("/api/tokens", .object(body))
  }

  public func revokeToken(name: String) throws {
    _ = try json(send(HTTPRequest(.delete, base + "/api/tokens/" + PercentEncoding.encode(name))))
  }

  /// Records of changes, oldest first.
  ///
  /// - Parameter since: ISO 8601, in UTC.
  public func audit(job: String?, user: String?, since: String?, limit: Int) throws -> [JSONValue] {
    var query = "?limit=\(limit)"
    for (name, value) in [("job", job), ("user", user), ("since", since)] {
      if let value { query += "&\(name)=\(PercentEncoding.encode(value))" }
    }
    return try get("/api/audit" + query)["entries"]?.array ?? []
  }

  private func text(_ name: String, of answer: JSONValue) throws -> String {
    try decoding { answer in
      guard let text = answer[name]?.string else { throw Diagnostic(.environment, "no \"\(name)\"") }
      return text
    }(answer)
  }

  // MARK: Requests

  func path(_ key: JobKey) -> String { "/api/jobs/\(key)" }

  func get(_ path: String) throws -> JSONValue { try json(send(HTTPRequest(.get, base + path))) }

  func delete(_ path: String) throws -> JSONValue { try json(send(HTTPRequest(.delete, base + path))) }

  func post(_ path: String, _ body: JSONValue) throws -> JSONValue {
    try json(
      send(
        HTTPRequest(
          .post, base + path, headers: ["Content-Type": "application/json"], body: .bytes(body.bytes()))))
  }

  func send(_ request: HTTPRequest) throws -> HTTPResponse {
    var request = request
    authorize(&request)
    return try reaching { try http.send(request) }
  }

  func authorize(_ request: inout HTTPRequest) {
    request.unixSocketPath = endpoint.socket?.socketPath
    request.pinnedPublicKey = endpoint.pin
    // The token is for this server and not for one that it names.
    request.followsRedirects = false
    if let token = endpoint.token {
      request.headers.fields.append(HTTPField(name: "Authorization", value: "Bearer \(token)"))
    }
    if let reason, request.method != .get {
      request.headers.fields.append(HTTPField(name: "Kilt-Reason", value: PercentEncoding.encode(reason)))
    }
  }

  func reaching<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as HTTPError where error.kind == .unreachable {
      throw Diagnostic(
        .environment, "no scheduler answers at \(address)", notes: [error.detail],
        remedies: ["start one on this machine: kilt scheduler"])
    }
  }

  func json(_ response: HTTPResponse) throws -> JSONValue {
    let response = try checked(response)
    do {
      return try JSONValue(parsing: response.body)
    } catch {
      throw Diagnostic(
        .environment, "the server at \(address) is not a Kilt scheduler: its answer is not JSON, \(error)")
    }
  }

  /// Turns `{"error": {"message", "remedy"}}` into the diagnostic it is.
  func checked(_ response: HTTPResponse) throws -> HTTPResponse {
    if response.isSuccess { return response }
    let body: JSONValue?
    do { body = try JSONValue(parsing: response.body)["error"] } catch { body = nil }
    let message = body?["message"]?.string ?? "the scheduler at \(address) answered with status \(response.status)"
    let blame: Blame = response.status == 401 || response.status >= 500 ? .environment : .input
    let withheld = response.status == 401 ? endpoint.withheld.map { [$0] } ?? [] : []
    let notes = withheld + (body?["notes"]?.strings ?? [])
    let remedies = body?["remedies"]?.strings ?? body?["remedy"]?.string.map { [$0] } ?? []
    throw Diagnostic(blame, message, notes: notes, remedies: remedies)
  }

  func decoding<Value>(_ body: @escaping (JSONValue) throws -> Value) -> (JSONValue) throws -> Value {
    { json in
      do { return try body(json) } catch {
        throw Diagnostic(
          .environment, "the scheduler at \(address) answers in a form that this client does not know: \(error)",
          remedies: ["use the client and the scheduler of one version"])
      }
    }
  }
}

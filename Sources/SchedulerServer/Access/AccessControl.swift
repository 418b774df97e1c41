internal import Diagnostics
internal import Digests
internal import Glibc
internal import HTTPTypes
internal import Hummingbird
internal import JobModel
internal import NIOCore
internal import NIOPosix
internal import SchedulerAccess
internal import SystemSupport

/// Access rules. A caller is a user of this machine (Unix socket), the holder of a token, or a browser that a one-time
/// link let in. ``RouteAccess`` defines the right that a request needs.
///
/// Each request over TCP must name this server in `Host`, so that a page of another site cannot reach it under its own
/// name (DNS rebinding).
struct AccessControl: Sendable {
  let tokens: TokenStore
  let sessions: LoginSessions
  let audit: AuditTrail
  let connections: ConnectionTable
  /// The values of `Host` that are answered over TCP; nil for any, when the server listens beyond loopback.
  let hosts: Set<String>?
  /// Whether everybody who reaches the loopback address can read.
  let isReadingOpen: Bool

  static let reasonHeader = HTTPField.Name("Kilt-Reason")
  static let codeHeader = HTTPField.Name("Kilt-Code")
  private static let longestReason = 500

  struct Middleware: RouterMiddleware {
    typealias Context = AccessContext
    let control: AccessControl

    func handle(
      _ request: Request, context: AccessContext, next: (Request, AccessContext) async throws -> Response
    ) async throws -> Response {
      guard let peer = control.connections.peer(of: context.channel) else {
        return APIResponse.error(.serviceUnavailable, "the connection is closing")
      }
      if case .tcp = peer.transport, !control.serves(request.head.authority ?? "") {
        return APIResponse.error(.misdirectedRequest, "this server does not have that name")
      }
      guard let path = RouteAccess.components(of: request.uri.path) else { return APIResponse.notFound }
      var context = context
      let reads = request.method == .get || request.method == .head
      context.caller = control.caller(of: request, peer: peer, reads: reads)
      if !context.caller.rights.isEmpty { control.connections.proved(context.channel) }
      context.isStillAllowed = { [caller = context.caller] in control.isStillAllowed(caller) }
      // Executors of other machines show tokens of their tasks, which their handlers know.
      if RouteAccess.isOfExecutors(path) {
        do {
          return try await next(request, context)
        } catch let error as any HTTPResponseError {
          return try error.response(from: request, context: context)
        }
      }
      let required = RouteAccess.required(reads: reads, path: path)
      let response: Response
      // With open reading, nobody has a right to read. A change needs somebody who asked for it.
      if required.isMet(by: context.caller.rights), reads || context.caller.isKnown {
        do {
          response = try await next(request, context)
        } catch let denied as AccessDenied {
          response = control.denial(denied.required, context.caller, request)
        } catch let error as any HTTPResponseError {
          response = try error.response(from: request, context: context)
        }
      } else {
        response = control.denial(required, context.caller, request)
      }
      if !reads { await control.record(request, path, context, response.status) }
      return response
    }
  }

  // MARK: Who asks

  /// The caller of a request. Only the token decides if there is one: nothing is added to its rights.
  func caller(of request: Request, peer: Peer, reads: Bool) -> Caller {
    func caller(
      _ identity: Caller.Identity, _ rights: Set<AccessRight>, _ credential: SHA256Digest? = nil,
      until time: Timestamp? = nil
    ) -> Caller {
      Caller(identity: identity, rights: rights, address: peer.address, credential: credential, expiresAt: time)
    }
    if let header = request.headers[.authorization] {
      guard let text = Self.bearerToken(header), let token = tokens.token(text) else { return caller(.nobody, []) }
      return caller(.token(name: token.name), token.rights, token.digest, until: token.expiresAt)
    }
    switch peer.transport {
    case .socket(let user):
      let mayDoAll = user == 0 || user == geteuid()
      return caller(.user(id: user, name: Self.userName(user)), mayDoAll ? [.admin] : [])
    case .tcp(let address):
      let cookie = request.cookies[sessions.cookieName]?.value ?? ""
      if let session = sessions.session(cookie) {
        if reads {
          return caller(
            .session(owner: session.owner), session.readingRights, SHA256Digest.of(cookie), until: session.expiresAt)
        }
        // All ports of a host share cookies, and so does every task's server: a cookie alone changes nothing.
        if let code = request.headers[Self.codeHeader ?? .authorization], let owner = sessions.redeem(code: code) {
          return caller(.session(owner: owner.owner), owner.rights, until: owner.notAfter)
        }
        return caller(.session(owner: session.owner), [])
      }
      if isReadingOpen, LoopbackAddress.isLoopback(address) { return caller(.nobody, [.read]) }
      return caller(.nobody, [])
    }
  }

  /// Whether an admitted caller still has its rights. A stream checks before each piece: a revoked or expired token
  /// ends everything that it has begun.
  func isStillAllowed(_ caller: Caller) -> Bool {
    guard let credential = caller.credential else { return true }
    switch caller.identity {
    case .token: return tokens.isValid(credential)
    case .session: return sessions.isValid(credential)
    case .nobody, .user: return true
    }
  }

  /// The token of a header `Authorization`; nil for another scheme.
  static func bearerToken(_ header: String) -> String? {
    guard header.lowercased().hasPrefix("bearer ") else { return nil }
    return String(header.dropFirst(7))
  }

  /// Whether a request for this authority, `host` or `host:port`, is answered.
  func serves(_ authority: String) -> Bool {
    guard let hosts else { return true }
    return hosts.contains(Self.host(of: authority).lowercased())
  }

  /// The host of `host:port`; the brackets of an IPv6 address stay.
  private static func host(of authority: String) -> String {
    guard let colon = authority.lastIndex(of: ":"), authority[colon...].dropFirst().allSatisfy(\.isNumber) else {
      return authority
    }
    return String(authority[..<colon])
  }

  /// The name of a user of this host (getpwuid_r(3)); `uid:N` for one without.
  private static func userName(_ id: UInt32) -> String {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16384)
    getpwuid_r(id, &entry, &buffer, buffer.count, &found)
    guard found != nil, let name = entry.pw_name else { return "uid:\(id)" }
    return String(cString: name)
  }

  // MARK: Answers

  private func denial(_ required: RequiredAccess, _ caller: Caller, _ request: Request) -> Response {
    if case .session = caller.identity, request.method != .get, request.method != .head {
      return APIResponse.error(
        .forbidden, "a login by link can only read", remedy: "run `kilt scheduler code` for a one-time code")
    }
    if caller.isKnown {
      return APIResponse.error(
        .forbidden, "\(caller.name) lacks \(required.wanted)", remedy: "use a token with that right: see `kilt token`")
    }
    if request.headers[.authorization] != nil {
      return APIResponse.error(
        .unauthorized, "the token is unknown, revoked or expired", remedy: "set KILT_TOKEN to a valid token")
    }
    let isPage = !request.uri.path.hasPrefix("/api/") && request.uri.path != "/metrics"
    if isPage, request.method == .get { return APIResponse.html(LoginPages.needed(), status: .unauthorized) }
    return APIResponse.error(
      .unauthorized, "the request is not authenticated",
      remedy: "use the scheduler's Unix socket (KILT_SCHEDULER=unix:PATH), or set KILT_TOKEN")
  }

  // MARK: The audit trail

  /// The user's reason for a change, from `--reason`; nil for a request without a reason.
  static func reason(of request: Request) -> String? {
    reasonHeader.flatMap { request.headers[$0] }.flatMap { PercentEncoding.decode($0) }
      .map { String($0.prefix(longestReason)) }
  }

  /// Records a requested change. Requests without a caller are not recorded: anybody could fill the disk with them.
  private func record(_ request: Request, _ path: [Substring], _ context: AccessContext, _ status: HTTPResponse.Status)
    async
  {
    guard context.caller.isKnown, RouteAccess.isRecorded(path) else { return }
    let entry = AuditEntry(
      time: HostScheduler.now(), caller: context.caller,
      action: context.audit.action ?? RouteAccess.action(of: path, method: request.method.rawValue),
      job: RouteAccess.job(of: path) ?? context.audit.job, subject: context.audit.subject,
      reason: Self.reason(of: request), codes: context.audit.codes, status: Int(status.code))
    await audit.record(entry)
  }
}

internal import Diagnostics
internal import HTTPTypes
internal import Hummingbird
internal import JSON
internal import JobModel
internal import NIOPosix
internal import SchedulerAccess
internal import SystemSupport

// Tokens, logins, and the audit trail.
extension Routes {
  func addAccess(to router: Router<AccessContext>) {
    let api = router.group("api")
    api.get("whoami") { _, context in
      APIResponse.json([
        "name": .string(context.caller.name),
        "rights": .strings(context.caller.rights.map(\.description).sorted()),
      ])
    }
    api.get("tokens") { _, _ in APIResponse.json(["tokens": .array(access.tokens.list().map(Self.description))]) }
    api.post("tokens") { request, context in try await createToken(request, context) }
    api.delete("tokens/:name") { _, context in try await revokeToken(context) }
    api.get("audit") { request, _ in try await auditEntries(request) }
    api.post("login") { _, context in
      let secret = try access.sessions.makeLink(for: context.caller)
      return APIResponse.json(
        ["url": .string("\(identity.pageAddress)/login?link=\(secret)"), "expires_in": .int(300)], status: .created)
    }
    api.post("code") { _, context in
      APIResponse.json(
        ["code": .string(try access.sessions.makeCode(for: context.caller)), "expires_in": .int(300)], status: .created)
    }
    router.get("login") { request, context in try login(request, context) }
  }

  private func login(_ request: Request, _ context: AccessContext) throws -> Response {
    guard let link = request.uri.queryParameters["link"],
      let (cookie, _) = try access.sessions.redeem(link: String(link))
    else { return APIResponse.html(LoginPages.badLink(), status: .unauthorized) }
    // Only to a job's page: a link must not lead to another site.
    let target = request.uri.queryParameters["to"].flatMap { text -> String? in
      guard text.hasPrefix("/jobs/") else { return nil }
      do { return Layout.address(of: try JobKey(parsing: String(text.dropFirst("/jobs/".count)))) } catch { return nil }
    }
    var response = APIResponse.redirect(to: target ?? "/")
    response.setCookie(
      Cookie(
        name: access.sessions.cookieName, value: cookie,
        maxAge: Int(LoginSessions.sessionLifetime.components.seconds), path: "/", secure: identity.isEncrypted,
        httpOnly: true, sameSite: .strict))
    return response
  }

  // MARK: Tokens

  private static func description(_ entry: (token: NamedToken, lastUse: Timestamp?)) -> JSONValue {
    let token = entry.token
    var object = JSONObject([
      ("name", .string(token.name)), ("rights", .strings(token.rights.map(\.description).sorted())),
      ("created", .string(token.createdAt.description)), ("created_by", .string(token.createdBy)),
      ("expired", .bool(!token.isValid(at: HostScheduler.now()))),
    ])
    if let time = token.expiresAt { object["expires"] = .string(time.description) }
    if let time = entry.lastUse { object["last_use"] = .string(time.description) }
    return .object(object)
  }

  private func createToken(_ request: Request, _ context: AccessContext) async throws -> Response {
    let body = try await body(of: request)
    guard let object = body.object, let name = object["name"]?.string, let texts = object["rights"]?.strings else {
      return APIResponse.error(.unprocessableContent, "a token needs \"name\" and a list \"rights\"")
    }
    for key in object.names where !["name", "rights", "expires_in"].contains(key) {
      return APIResponse.error(.unprocessableContent, "unknown key \"\(key)\" in the body")
    }
    var lifetime: Duration?
    if let value = object["expires_in"] {
      // At most a hundred years, so that no time overflows.
      guard let seconds = value.int, (1...3_155_760_000).contains(seconds) else {
        return APIResponse.error(.unprocessableContent, "\"expires_in\" is not a number of seconds")
      }
      lifetime = .seconds(seconds)
    }
    do {
      let rights = Set(try texts.map { try AccessRight(parsing: $0) })
      let (tokens, user) = (access.tokens, context.caller.name)
      let text = try await NIOThreadPool.singleton.runIfActive { [lifetime] in
        try tokens.create(name: name, rights: rights, lifetime: lifetime, by: user)
      }
      var answer = JSONObject([("name", .string(name)), ("token", .string(text)), ("server", identity.binding)])
      if let fingerprint = identity.fingerprint { answer["fingerprint"] = .string(fingerprint) }
      return APIResponse.json(.object(answer), status: .created)
    } catch let error as NameTaken {
      return APIResponse.error(
        .conflict, "the token \"\(error.name)\" exists already", remedy: "run `kilt token revoke \(error.name)` first")
    } catch let error as Diagnostic {
      return APIResponse.error(.unprocessableContent, error)
    }
  }

  private func revokeToken(_ context: AccessContext) async throws -> Response {
    let name = context.parameters.get("name") ?? ""
    let tokens = access.tokens
    // Everything that the token has created ends with it, even if its file cannot be written.
    defer { access.sessions.forget(owner: "token:\(name)") }
    guard try await NIOThreadPool.singleton.runIfActive({ try tokens.revoke(name: name) }) else {
      return APIResponse.error(
        .notFound, "the token \"\(name)\" does not exist", remedy: "run `kilt token list`")
    }
    return APIResponse.json(["name": .string(name)])
  }

  // MARK: The audit trail

  private func auditEntries(_ request: Request) async throws -> Response {
    let query = request.uri.queryParameters
    let (job, user) = (query["job"].map(String.init), query["user"].map(String.init))
    let since = query["since"].map(String.init)
    let limit = query["limit"].flatMap { Int($0) } ?? 1000
    guard (1...100_000).contains(limit) else {
      return APIResponse.error(.unprocessableContent, "\"limit\" is not a number from 1 to 100000")
    }
    let audit = access.audit
    let entries = try await NIOThreadPool.singleton.runIfActive {
      try audit.entries(limit: limit) { entry in
        if let job, entry["job"]?.string != job, entry["job"]?.string?.hasPrefix(job + "/") != true { return false }
        if let user, entry["user"]?.string != user, entry["token"]?.string != user { return false }
        // Times of one form compare as text.
        if let since, (entry["time"]?.string ?? "") < since { return false }
        return true
      }
    }
    return APIResponse.json(["entries": .array(entries)])
  }
}

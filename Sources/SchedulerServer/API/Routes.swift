internal import HTTPTypes
internal import Hummingbird
internal import JSON
internal import JobModel
internal import SchedulerAccess

/// The ways into the server: the JSON API below `/api`, and the pages.
struct Routes: Sendable {
  let scheduler: HostScheduler
  let access: AccessControl
  let identity: ServerIdentity

  static let largestBody = 4 << 20

  func router() -> Router<AccessContext> {
    let router = Router(context: AccessContext.self)
    router.add(middleware: AccessControl.Middleware(control: access))
    let api = router.group("api")
    api.get("openapi.json") { _, _ in APIResponse.json(OpenAPI.document) }
    api.get("cluster") { _, _ in
      var cluster = await scheduler.clusterDescription.object ?? JSONObject()
      if let fingerprint = identity.fingerprint { cluster["fingerprint"] = .string(fingerprint) }
      return APIResponse.json(.object(cluster))
    }
    api.get("jobs") { _, _ in
      APIResponse.json(.members(["jobs": .array(await scheduler.jobs().map(\.json))]))
    }
    api.post("jobs") { request, context in try await create(request, context) }
    api.get("events") { request, context in await events(request, context) }
    let job = api.group("jobs/:cluster/:role/:stage/:name")
    job.get { request, context in
      let includingGone = request.uri.queryParameters["ended"] == "1"
      return try await found(context, includingGone: includingGone) { detail in
        var detail = detail
        detail.endings = await endings(of: detail)
        return APIResponse.json(detail.json)
      }
    }
    job.post("kill") { request, context in
      try await change(request, context) { await scheduler.kill($0, instances: $1) }
    }
    job.post("restart") { request, context in
      try await change(request, context) { await scheduler.restart($0, instances: $1) }
    }
    job.get("instances/:instance/logs/:process/:stream") { request, context in try await log(request, context) }
    router.get("health") { _, _ in
      guard let failure = await scheduler.storeFailure else { return APIResponse.text(Array("ok\n".utf8)) }
      return APIResponse.error(.serviceUnavailable, failure)
    }
    router.get("metrics") { _, _ in APIResponse.text(Array(await scheduler.metrics().utf8)) }
    addHost(to: api)
    addAccess(to: router)
    addChanges(to: router)
    addPages(to: router)
    return router
  }

  // MARK: Jobs

  private func create(_ request: Request, _ context: AccessContext) async throws -> Response {
    let body = try await body(of: request)
    let configuration: JobConfiguration
    do {
      configuration = try JobConfiguration(json: body)
    } catch {
      return APIResponse.error(.unprocessableContent, "this is not a job configuration: \(error)")
    }
    let key = configuration.key
    context.audit.job = key
    try context.require(.deploy(role: key.role, stage: key.stage))
    let reason = AccessControl.reason(of: request)
    return answer(await scheduler.create(configuration, reason: reason), key: key, status: .created)
  }

  private func change(
    _ request: Request, _ context: AccessContext,
    _ body: (JobKey, Set<Int>?) async throws -> SubmissionOutcome
  ) async throws -> Response {
    guard let key = key(context) else { return APIResponse.notFound }
    let instances = try Self.instances(in: await self.body(of: request))
    return answer(try await body(key, instances), key: key, status: .accepted)
  }

  private func answer(_ outcome: SubmissionOutcome, key: JobKey, status: HTTPResponse.Status) -> Response {
    switch outcome {
    case .accepted: APIResponse.json(.members(["key": .string(key.description)]), status: status)
    case .conflict(let diagnostic): APIResponse.error(.conflict, diagnostic)
    case .refused(let diagnostic): APIResponse.error(.unprocessableContent, diagnostic)
    case .notFound(let diagnostic): APIResponse.error(.notFound, diagnostic)
    }
  }

  /// The instances that a request names; nil for all of them. What is not understood is never taken for "all".
  static func instances(in body: JSONValue) throws -> Set<Int>? {
    guard let object = body.object else {
      throw HTTPError(.unprocessableContent, message: "the body is no JSON object")
    }
    for name in object.names where name != "instances" {
      throw HTTPError(.unprocessableContent, message: "unknown key \"\(name)\" in the body")
    }
    guard let list = object["instances"] else { return nil }
    let numbers = list.array?.compactMap { $0.int.flatMap { Int(exactly: $0) } } ?? []
    guard !numbers.isEmpty, numbers.count == list.array?.count else {
      throw HTTPError(.unprocessableContent, message: "\"instances\" is a list of one or more numbers")
    }
    return Set(numbers)
  }

  func body(of request: Request) async throws -> JSONValue {
    let buffer = try await request.body.collect(upTo: Self.largestBody)
    if buffer.readableBytes == 0 { return .object(JSONObject()) }
    do {
      return try JSONValue(parsing: Array(buffer.readableBytesView))
    } catch {
      throw HTTPError(.badRequest, message: "the body is not JSON: \(error)")
    }
  }

  // MARK: What a path names

  func key(_ context: AccessContext) -> JobKey? {
    guard let cluster = context.parameters.get("cluster"), let role = context.parameters.get("role"),
      let stage = context.parameters.get("stage"), let name = context.parameters.get("name")
    else { return nil }
    let key = JobKey(cluster: cluster, role: role, stage: stage, name: name)
    return key.problem == nil ? key : nil
  }

  /// Answers with the job that the path names, or that there is none.
  func found(
    _ context: AccessContext, includingGone: Bool = false, _ body: (JobDetail) async throws -> Response
  ) async throws -> Response {
    guard let key = key(context), let detail = await scheduler.detail(key, includingGone: includingGone) else {
      return APIResponse.error(.notFound, "there is no such job", remedy: "GET /api/jobs lists them")
    }
    return try await body(detail)
  }
}

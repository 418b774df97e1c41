internal import Diagnostics
internal import HTTPTypes
internal import Hummingbird
internal import JSON
internal import JobModel
internal import Observability
internal import SchedulerAccess

/// The ways into the server: the JSON API below `/api`, and the pages.
struct Routes: Sendable {
  let scheduler: HostScheduler
  let access: AccessControl
  let identity: ServerIdentity
  let sessions = ExecSessions()

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
        detail.endings = await scheduler.endings(of: detail.key)
        detail.runsAs = await scheduler.runsAs(detail.configuration)
        detail.openPorts = scheduler.openPorts
        return APIResponse.json(detail.json)
      }
    }
    job.post("kill") { request, context in
      try await changing(request, context) { key, requester in
        let instances = try await fields(of: request, ["instances"]).instances()
        return try await scheduler.kill(key, instances: instances, requester).json
      }
    }
    job.post("restart") { request, context in
      try await changing(request, context) { key, requester in
        let fields = try await fields(of: request, ["instances", "at_once"])
        return try await scheduler.restart(
          key, instances: try fields.instances(), atOnce: fields.flag("at_once"), requester
        ).json
      }
    }
    job.get("instances/:instance/logs/:process/:stream") { request, context in try await log(request, context) }
    job.post("logs") { request, context in try await jobLogs(request, context) }
    router.get("health") { _, _ in
      guard let failure = scheduler.health.failure else { return APIResponse.text(Array("ok\n".utf8)) }
      return APIResponse.error(.serviceUnavailable, failure)
    }
    router.get("metrics") { _, _ in
      APIResponse.text(await scheduler.metrics(), type: PrometheusText.contentType)
    }
    addHost(to: api)
    addWhy(to: api)
    addAccess(to: router)
    addUpdates(to: api)
    addExec(to: api)
    addCluster(to: api)
    addServices(to: api)
    addExecutors(to: api)
    addNodes(to: api)
    addPipelines(to: api)
    addChanges(to: router)
    addPages(to: router)
    addPipelinePages(to: router)
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
    context.audit.subject = AuditSubject(configuration)
    try context.require(.deploy(role: key.role, stage: key.stage))
    do {
      return APIResponse.json(
        try await scheduler.create(configuration, requester(request, context)).json, status: .created)
    } catch {
      return refused(error, context)
    }
  }

  func answer(_ refusal: Refusal) -> Response { APIResponse.error(refusal.status, refusal.diagnostic) }

  /// The answer to a change that is refused; the audit trail keeps why.
  func refused(_ error: any Error, _ context: AccessContext) -> Response {
    let refusal = Refusal(refusing: error)
    context.audit.codes = refusal.diagnostic.codes
    return answer(refusal)
  }

  /// The caller, as the server has seen it, and the reason in the request.
  func requester(_ request: Request, _ context: AccessContext) -> Requester {
    Requester(
      user: context.caller.isKnown ? context.caller.name : nil, reason: AccessControl.reason(of: request))
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
      return APIResponse.error(.notFound, "the job does not exist", remedy: "GET /api/jobs lists them")
    }
    return try await body(detail)
  }
}

extension Refusal {
  var status: HTTPResponse.Status {
    switch self {
    case .conflict: .conflict
    case .refused: .unprocessableContent
    case .notFound: .notFound
    case .unavailable: .serviceUnavailable
    }
  }
}

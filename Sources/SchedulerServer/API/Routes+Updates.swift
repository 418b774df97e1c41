internal import Hummingbird
internal import JSON
internal import JobModel

extension Routes {
  /// Submissions, plans, updates and releases.
  func addUpdates(to api: RouterGroup<AccessContext>) {
    api.get("updates") { request, _ in
      let active = request.uri.queryParameters["active"] == "1"
      return APIResponse.json(.members(["updates": .array(await scheduler.updates(activeOnly: active).map(\.json))]))
    }
    api.get("updates/:update") { _, context in
      guard let id = context.parameters.get("update"), let update = await scheduler.update(UpdateID(id)) else {
        return APIResponse.error(.notFound, "the update does not exist", remedy: "GET /api/updates lists them")
      }
      return APIResponse.json(update.json)
    }
    let job = api.group("jobs/:cluster/:role/:stage/:name")
    job.post("plan") { request, context in
      try await changing(request, context) { key, requester in
        try await scheduler.plan(
          submission(try await fields(of: request, Self.submissionFields), for: key, requester, context)
        )
        .json
      }
    }
    job.post("update") { request, context in
      try await changing(request, context) { key, requester in
        try await scheduler.deploy(
          submission(try await fields(of: request, Self.submissionFields), for: key, requester, context)
        ).json
      }
    }
    job.get("update") { _, context in
      try await found(context) { detail in
        guard let update = await scheduler.update(of: detail.key) else {
          return APIResponse.error(.notFound, "job \(detail.key) has had no update")
        }
        return APIResponse.json(update.json)
      }
    }
    for verb in HostScheduler.UpdateVerb.allCases {
      job.post("update/\(verb.rawValue)") { request, context in
        try await changing(request, context) { key, requester in
          _ = try await fields(of: request, [])
          return try await scheduler.change(key, verb, requester).json
        }
      }
    }
    job.post("rollback") { request, context in
      try await changing(request, context) { key, requester in
        let fields = try await fields(of: request, ["release", "dry_run"])
        let release = try fields.integer("release")
        if try fields.flag("dry_run") {
          return await scheduler.described(try await scheduler.rollbackPlan(key, to: release)).json
        }
        return try await scheduler.rollBack(key, to: release, requester).json
      }
    }
    job.post("scale") { request, context in
      try await changing(request, context) { key, requester in
        let fields = try await fields(of: request, ["count", "dry_run"])
        guard let count = try fields.integer("count") else {
          throw HTTPError(.unprocessableContent, message: "\"count\" is missing")
        }
        if try fields.flag("dry_run") {
          return await scheduler.described(try await scheduler.scalePlan(key, to: count)).json
        }
        return try await scheduler.scale(key, to: count, requester).json
      }
    }
    job.get("failures") { _, context in
      try await found(context) {
        APIResponse.json(.members(["failures": .list(await scheduler.failures(of: $0.key))]))
      }
    }
    job.get("sla") { _, context in
      try await found(context) { detail in detail.sla.map { APIResponse.json($0.json) } ?? APIResponse.notFound }
    }
    job.get("releases") { _, context in
      try await found(context) {
        APIResponse.json(.members(["releases": .list(await scheduler.releases(of: $0.key) ?? [])]))
      }
    }
    job.get("releases/:release") { _, context in
      try await found(context) { detail in
        guard let number = context.parameters.get("release").flatMap({ Int($0) }),
          let release = await scheduler.releases(of: detail.key)?.first(where: { $0.number == number }),
          let configuration = await scheduler.configuration(of: detail.key, release: number)
        else { return APIResponse.error(.notFound, "job \(detail.key) has no such release") }
        return APIResponse.json(.members(["release": release.json, "configuration": configuration.json]))
      }
    }
  }

  private static let submissionFields: Set<String> = ["configuration", "instances", "create"]

  private func submission(
    _ fields: RequestFields, for key: JobKey, _ requester: Requester, _ context: AccessContext
  ) throws -> Submission {
    let configuration: JobConfiguration
    do {
      configuration = try JobConfiguration(json: fields.object["configuration"] ?? .null)
    } catch {
      throw HTTPError(.unprocessableContent, message: "\"configuration\" is not a job configuration: \(error)")
    }
    context.audit.subject = AuditSubject(configuration)
    guard configuration.key == key else {
      throw HTTPError(.unprocessableContent, message: "the configuration is for job \(configuration.key)")
    }
    return Submission(
      configuration: configuration, instances: try fields.instances(), creates: try fields.flag("create", default: true)
    )
  }

  /// Answers with the result of a change, or with the reason of its refusal.
  func changing(
    _ request: Request, _ context: AccessContext, _ body: (JobKey, Requester) async throws -> JSONValue
  ) async throws -> Response {
    guard let key = key(context) else { return APIResponse.notFound }
    do {
      return APIResponse.json(try await body(key, requester(request, context)), status: .accepted)
    } catch let error as HTTPError {
      throw error
    } catch {
      return refused(error, context)
    }
  }

  func fields(of request: Request, _ names: Set<String>) async throws -> RequestFields {
    try RequestFields(await body(of: request), names)
  }
}

extension Receipt {
  var json: JSONValue {
    .fields([
      "key": .string(key.description), "outcome": .raw(outcome), "release": .integer(release),
      "update": .text(update?.rawValue),
    ])
  }
}

internal import Discovery
internal import Hummingbird
internal import JSON
internal import JobModel

// Discovery: which tasks can be called now.
extension Routes {
  func addServices(to api: RouterGroup<AccessContext>) {
    api.get("services") { request, context in
      let services = await scheduler.services()
      // Programs that follow the catalogue say so in the query; `/api/services/stream` would be a key's first part.
      if request.uri.queryParameters["follow"] == "1" { return await followServices(request, context) }
      return APIResponse.json(Service.json(services))
    }
    api.get("services/:cluster/:role/:stage/:name") { _, context in
      guard let key = key(context), let service = await scheduler.service(key) else {
        return APIResponse.error(
          .notFound, "the service does not exist", remedy: "GET /api/services lists jobs that have an announcer")
      }
      return APIResponse.json(service.json)
    }
    api.get("discovery/prometheus") { request, _ in
      let query = request.uri.queryParameters
      let services = await scheduler.services().filter { service in
        (query["role"].map { $0 == service.key.role } ?? true)
          && (query["stage"].map { $0 == service.key.stage } ?? true)
          && (query["job"].map { $0 == service.key.name } ?? true)
      }
      return APIResponse.json(PrometheusTargets.json(services, port: query["port"].map(String.init)))
    }
  }

  /// The whole catalogue as a server-sent event (HTML standard, section 9.2): now, after each change, and every 10 s.
  private func followServices(_ request: Request, _ context: AccessContext) async -> Response {
    guard let permit = access.connections.beginStream(of: context.caller.name) else {
      return APIResponse.tooManyStreams
    }
    let (events, end) = await scheduler.followServices()
    return APIResponse.stream(request, type: "text/event-stream") { writer, departure in
      defer { _ = permit }
      departure.whenItHappens(end)
      for await event in events {
        guard context.isStillAllowed() else { return }
        try await writer.write(event)
      }
    }
  }
}

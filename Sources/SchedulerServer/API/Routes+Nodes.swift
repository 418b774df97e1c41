internal import Diagnostics
internal import Hummingbird
internal import JSON

// The nodes of a Docker Swarm: changes need the right `admin`.
extension Routes {
  func addNodes(to api: RouterGroup<AccessContext>) {
    api.get("nodes") { _, _ in APIResponse.json(await scheduler.clusterStatus) }
    for (isDrained, method) in [(true, "post"), (false, "delete")] {
      let handler: @Sendable (Request, AccessContext) async throws -> Response = { request, context in
        let name = context.parameters.get("node") ?? ""
        if isDrained { _ = try await fields(of: request, []) }
        do {
          try await scheduler.setDrained(isDrained, node: name)
        } catch let error as any DiagnosableError {
          return answer(Refusal(refusing: error))
        }
        return APIResponse.json(await scheduler.clusterStatus)
      }
      if method == "post" {
        api.post("nodes/:node/drain", use: handler)
      } else {
        api.delete("nodes/:node/drain", use: handler)
      }
    }
  }
}

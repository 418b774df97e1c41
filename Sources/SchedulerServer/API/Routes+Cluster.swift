internal import Diagnostics
internal import Hummingbird
internal import JSON
internal import JobModel
internal import SchedulerCore

extension Routes {
  /// Cron schedules and quotas.
  func addCluster(to api: RouterGroup<AccessContext>) {
    api.get("cron") { _, _ in
      APIResponse.json(.members(["jobs": .array(await scheduler.cronJobs(now: HostScheduler.now()).map(\.json))]))
    }
    api.group("jobs/:cluster/:role/:stage/:name").post("cron/start") { request, context in
      try await changing(request, context) { key, requester in
        _ = try await fields(of: request, [])
        return try await scheduler.startCron(key, requester).json
      }
    }
    api.get("quotas") { _, _ in
      APIResponse.json(.members(["quotas": .array(await scheduler.quotas().map(\.json))]))
    }
    api.get("whence") { request, _ in
      let query = request.uri.queryParameters
      let found: [Whence]
      if let pid = query["pid"].flatMap({ Int32($0) }) {
        found = await scheduler.whence(pid: pid)
      } else if let port = query["port"].flatMap({ Int($0) }) {
        found = await scheduler.whence(port: port)
      } else if let digest = query["digest"], digest.count >= 8, digest.allSatisfy(\.isHexDigit) {
        found = await scheduler.whence(digest: digest.lowercased())
      } else if let size = query["size"].flatMap({ Int($0) }) {
        found = await scheduler.whence(size: size)
      } else {
        throw HTTPError(
          .unprocessableContent, message: "name \"pid\", \"port\", \"size\", or \"digest\" with at least 8 digits")
      }
      return APIResponse.json(try await scheduler.answer(found).json)
    }
    api.group("jobs/:cluster/:role/:stage/:name").get("instances/:instance/whence") { _, context in
      try await found(context) { detail in
        guard let number = context.parameters.get("instance").flatMap({ Int($0) }) else { return APIResponse.notFound }
        let found = await scheduler.whence(InstanceKey(job: detail.key, instance: number))
        return APIResponse.json(try await scheduler.answer(found).json)
      }
    }
    for path in ["quotas/:role", "quotas/:role/:stage"] {
      api.get("\(path)") { _, context in
        guard let key = quotaKey(context) else { return APIResponse.notFound }
        return APIResponse.json(await scheduler.quota(key).json)
      }
      api.put("\(path)") { request, context in
        guard let key = quotaKey(context) else { return APIResponse.notFound }
        let resources: Resources
        do {
          resources = try Resources(json: try await body(of: request))
        } catch let error as ModelError {
          throw HTTPError(.unprocessableContent, message: "this is not a quota: \(error)")
        }
        return try await setQuota(key, resources, requester(request, context))
      }
      api.delete("\(path)") { request, context in
        guard let key = quotaKey(context) else { return APIResponse.notFound }
        return try await setQuota(key, nil, requester(request, context))
      }
    }
  }

  private func setQuota(_ key: QuotaKey, _ resources: Resources?, _ requester: Requester) async throws -> Response {
    do {
      return APIResponse.json(try await scheduler.setQuota(key, resources, requester).json)
    } catch {
      return answer(Refusal(refusing: error))
    }
  }

  private func quotaKey(_ context: AccessContext) -> QuotaKey? {
    guard let role = context.parameters.get("role") else { return nil }
    return QuotaKey(context.parameters.get("stage").map { "\(role)/\($0)" } ?? role)
  }
}

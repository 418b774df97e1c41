internal import Diagnostics
internal import Hummingbird
internal import JSON
internal import SchedulerCore
internal import SystemSupport

// Drains and backups: changes of the whole host, which need the right `admin`.
extension Routes {
  func addHost(to api: RouterGroup<AccessContext>) {
    api.get("drain") { _, _ in APIResponse.json(await scheduler.drainDescription) }
    api.post("drain") { request, context in
      let fields = try await fields(of: request, ["patience", "reason"])
      let patience = fields.object["patience"]?.double
      guard patience.map({ $0 >= 0 && $0 < 1e9 }) ?? (fields.object["patience"] == nil) else {
        return APIResponse.error(.unprocessableContent, "\"patience\" is not a number of seconds")
      }
      try await scheduler.startDrain(
        patience: patience.map { .milliseconds(Int64($0 * 1000)) }, user: context.caller.name,
        reason: try fields.text("reason"))
      return APIResponse.json(await scheduler.drainDescription)
    }
    api.delete("drain") { _, context in
      do {
        try await scheduler.endDrain(user: context.caller.name)
      } catch let error as SchedulerError {
        return APIResponse.error(.conflict, error.diagnostic)
      }
      return APIResponse.json(await scheduler.drainDescription)
    }
    api.post("backup") { _, _ in
      do {
        return APIResponse.json(["path": .string(try await scheduler.backup().string)], status: .created)
      } catch let error as any DiagnosableError {
        return APIResponse.error(.internalServerError, error.diagnostic)
      }
    }
  }
}

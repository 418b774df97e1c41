internal import Hummingbird
internal import JSON
internal import Pipelines
internal import SchedulerAccess
internal import SchedulerCore

extension Routes {
  /// Scheduled pipelines.
  func addPipelineSchedules(to api: RouterGroup<AccessContext>) {
    api.get("pipelines/schedules") { _, context in
      // Whoever sees only some jobs sees only their pipelines.
      let schedules = await scheduler.pipelineSchedules().filter {
        RequiredAccess.readJob(role: $0.schedule.definition.role, stage: $0.schedule.stage)
          .isMet(by: context.caller.rights)
      }
      return APIResponse.json(
        .members(["schedules": .array(schedules.map { HostScheduler.json($0.schedule, next: $0.next) })]))
    }
    api.post("pipelines/schedules") { request, context in
      let submission = try submission(try await fields(of: request, Self.pipelineFields), isScheduled: true)
      try context.require(.deploy(role: submission.definition.role, stage: submission.stage))
      do {
        return APIResponse.json(
          try await scheduler.schedulePipeline(submission, requester(request, context)), status: .created)
      } catch {
        return refused(error, context)
      }
    }
    api.delete("pipelines/schedules/:role/:stage/:name") { request, context in
      guard let role = context.parameters.get("role"), let stage = context.parameters.get("stage"),
        let name = context.parameters.get("name")
      else { return APIResponse.notFound }
      try context.require(.deploy(role: role, stage: stage))
      do {
        try await scheduler.deschedulePipeline("\(role)/\(stage)/\(name)", requester(request, context))
        return APIResponse.json(.object(JSONObject()))
      } catch {
        return refused(error, context)
      }
    }
  }
}

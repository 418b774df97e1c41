internal import Diagnostics
internal import HTTPTypes
internal import Hummingbird
internal import Pipelines
internal import SchedulerAccess
internal import SchedulerCore

// Retries and cancellations from a page. The cookie of a login only reads, so the form asks for a one-time code, whose
// owner must have the right to deploy the pipeline.
extension Routes {
  func addPipelineChanges(to router: Router<AccessContext>) {
    router.get("pipelines/:run/change") { _, context in
      guard let id = context.parameters.get("run"), let record = await scheduler.pipelineRun(id) else {
        return APIResponse.notFound
      }
      return APIResponse.html(PipelineChangePages.form(record, cluster: await scheduler.clusterName))
    }
    router.post("pipelines/:run/change") { request, context in try await changeRun(request, context) }
  }

  private func changeRun(_ request: Request, _ context: AccessContext) async throws -> Response {
    guard let id = context.parameters.get("run"), let record = await scheduler.pipelineRun(id) else {
      return APIResponse.notFound
    }
    let buffer = try await request.body.collect(upTo: 4096)
    let fields = Self.fields(of: String(decoding: buffer.readableBytesView, as: UTF8.self))
    let cluster = await scheduler.clusterName
    func again(_ problem: String, _ status: HTTPResponse.Status) -> Response {
      APIResponse.html(PipelineChangePages.form(record, cluster: cluster, problem: problem), status: status)
    }
    let action = fields["action"] ?? ""
    guard action == "retry" || action == "cancel" else {
      return again("Choose retry or cancel.", .unprocessableContent)
    }
    // Last: a code is used up by the first look.
    guard let owner = access.sessions.redeem(code: fields["code"] ?? "") else {
      return again("This code does not work: it is wrong, was used before, or is too old.", .forbidden)
    }
    context.audit.action = "pipelines/\(action)"
    guard RequiredAccess.deploy(role: record.run.definition.role, stage: record.stage).isMet(by: owner.rights) else {
      return again("The owner of the code does not have the right to change this run.", .forbidden)
    }
    let requester = Requester(user: owner.owner)
    do {
      _ =
        action == "retry"
        ? try await scheduler.retryPipeline(id, requester) : try await scheduler.cancelPipeline(id, requester)
      return APIResponse.redirect(to: PipelinePages.address(record.run))
    } catch {
      let refusal = Refusal(refusing: error)
      return again(refusal.diagnostic.summary, refusal.status)
    }
  }
}

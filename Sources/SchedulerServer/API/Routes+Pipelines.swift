internal import Hummingbird
internal import JSON
internal import JobModel
internal import Pipelines
internal import SchedulerAccess
internal import SchedulerCore

extension Routes {
  static let pipelineFields: Set<String> = [
    "definition", "stage", "parameters", "artifact", "step", "with_followers",
  ]

  /// Runs of pipelines.
  func addPipelines(to api: RouterGroup<AccessContext>) {
    addPipelineSchedules(to: api)
    api.get("pipelines") { _, context in
      // Whoever sees only some jobs sees only their runs.
      let records = await scheduler.pipelineRuns().filter {
        RequiredAccess.readJob(role: $0.run.definition.role, stage: $0.stage).isMet(by: context.caller.rights)
      }
      return APIResponse.json(.members(["runs": .array(records.map(\.run.summaryJSON))]))
    }
    api.post("pipelines") { request, context in
      let fields = try await fields(of: request, Self.pipelineFields)
      let submission = try submission(fields)
      try context.require(.deploy(role: submission.definition.role, stage: submission.stage))
      do {
        let record = try await scheduler.startPipeline(submission, requester(request, context))
        return APIResponse.json(record.run.statusJSON, status: .created)
      } catch {
        return refused(error, context)
      }
    }
    api.get("pipelines/:run") { _, context in
      guard let record = await run(context) else { return noSuchRun(context) }
      try context.require(.readJob(role: record.run.definition.role, stage: record.stage))
      var status = record.run.statusJSON.object ?? JSONObject()
      if let reason = await scheduler.reasonToWait(record) { status["waits"] = .string(reason) }
      return APIResponse.json(.object(status))
    }
    api.post("pipelines/:run/cancel") { request, context in
      try await changeRun(request, context) { try await scheduler.cancelPipeline($0, $1) }
    }
    api.post("pipelines/:run/retry") { request, context in
      try await changeRun(request, context) { try await scheduler.retryPipeline($0, $1) }
    }
  }

  private func noSuchRun(_ context: AccessContext) -> Response {
    refused(SchedulerError.noSuchRun(context.parameters.get("run") ?? ""), context)
  }

  private func run(_ context: AccessContext) async -> PipelineRecord? {
    guard let id = context.parameters.get("run") else { return nil }
    return await scheduler.pipelineRun(id)
  }

  private func changeRun(
    _ request: Request, _ context: AccessContext, _ change: (String, Requester) async throws -> PipelineRecord
  ) async throws -> Response {
    guard let record = await run(context) else { return noSuchRun(context) }
    try context.require(.deploy(role: record.run.definition.role, stage: record.stage))
    _ = try await fields(of: request, [])
    do {
      let record = try await change(record.run.id, requester(request, context))
      return APIResponse.json(record.run.statusJSON, status: .accepted)
    } catch {
      return refused(error, context)
    }
  }

  /// - Parameter isScheduled: whether it is for a schedule, whose runs get the day as a date without a value.
  func submission(_ fields: RequestFields, isScheduled: Bool = false) throws -> PipelineSubmission {
    func wrong(_ message: String) -> HTTPError { HTTPError(.unprocessableContent, message: message) }
    guard let stage = try fields.text("stage"), JobKey.isIdentifier(stage) else {
      throw wrong("\"stage\" is not the name of a stage")
    }
    let definition: PipelineDefinition
    var artifact: TaskArtifact?
    do throws(ModelError) {
      definition = try PipelineDefinition(json: fields.object["definition"] ?? .null)
      if let json = fields.object["artifact"] { artifact = try TaskArtifact(json: json) }
    } catch {
      throw wrong("this is not a pipeline: \(error)")
    }
    if let problem = definition.problem { throw wrong("this is not a pipeline: \(problem)") }
    if isScheduled, definition.schedule == nil { throw wrong("the pipeline has no schedule") }
    let needed = definition.parameters.filter { parameter in
      !isScheduled || parameter.kind != .date || fields.object["parameters"]?[parameter.name] != nil
    }
    guard let parameters = (fields.object["parameters"] ?? .object(JSONObject())).object,
      parameters.names.sorted() == needed.map(\.name).sorted()
    else { throw wrong("\"parameters\" does not have a value for each parameter") }
    for parameter in needed {
      let text = parameters[parameter.name]?.parameterText ?? ""
      guard parameter.kind.value(of: text) == parameters[parameter.name], !text.utf8.contains(0) else {
        throw wrong("parameter \"\(parameter.name)\" does not have the type \(parameter.kind.rawValue)")
      }
    }
    return PipelineSubmission(
      definition: definition, stage: stage, parameters: parameters, artifact: artifact, step: try fields.text("step"),
      withFollowers: try fields.flag("with_followers"))
  }
}

internal import Diagnostics
internal import JSON
internal import JobModel
internal import NIOPosix
internal import Pipelines
internal import SchedulerCore
internal import SchedulerStore

// Pipelines that start by themselves.
extension HostScheduler {
  /// The scheduled pipelines that a caller can see, by key, with the time of the next run.
  func pipelineSchedules() -> [(schedule: ScheduledPipeline, next: Timestamp?)] {
    store.read { scheduler in
      scheduler.state.schedules.values.sorted { $0.key < $1.key }.map { ($0, scheduler.deadline(of: $0)) }
    }
  }

  /// Puts a pipeline on the schedule, after every check that a run gets too.
  nonisolated func schedulePipeline(_ submission: PipelineSubmission, _ requester: Requester) async throws -> JSONValue
  {
    guard options.swarm == nil else {
      throw Diagnostic(
        .input, "a Docker Swarm cannot run pipelines", remedies: ["schedule the pipeline on a scheduler of one machine"]
      )
    }
    let record = PipelineRecord(
      run: PipelineRun(
        id: PipelineRun.newName(of: submission.definition.name, at: Self.now()), definition: submission.definition,
        stage: submission.stage, parameters: submission.parameters, createdAt: Self.now()),
      cluster: options.cluster, stage: submission.stage, artifact: submission.artifact)
    let check = SubmissionCheck(options)
    let verified = try await NIOThreadPool.singleton.runIfActive {
      var record = record
      for step in record.run.definition.steps.indices {
        let configuration = try check.verified(record.configuration(ofStep: step), reason: requester.reason)
        record.artifact = configuration.task.artifacts.first
      }
      return record
    }
    let schedule = ScheduledPipeline(
      definition: submission.definition, cluster: options.cluster, stage: submission.stage,
      parameters: submission.parameters, artifact: verified.artifact)
    return try await schedulePipeline(schedule, requester)
  }

  private func schedulePipeline(_ schedule: ScheduledPipeline, _ requester: Requester) throws -> JSONValue {
    try apply(.schedulePipeline(schedule, user: requester.user))
    let found = pipelineSchedules().first { $0.schedule.key == schedule.key }
    return Self.json(found?.schedule ?? schedule, next: found?.next)
  }

  func deschedulePipeline(_ key: String, _ requester: Requester) throws {
    try apply(.deschedulePipeline(key, user: requester.user))
  }

  static func json(_ schedule: ScheduledPipeline, next: Timestamp?) -> JSONValue {
    .fields([
      "key": .string(schedule.key), "pipeline": .string(schedule.definition.name), "stage": .string(schedule.stage),
      "role": .string(schedule.definition.role), "schedule": schedule.definition.schedule?.json,
      "parameters": .object(schedule.parameters), "commit": .text(schedule.definition.commit),
      "user": .text(schedule.user), "next_due": next.map { .time($0) },
    ])
  }
}

internal import Diagnostics
internal import Executor
internal import JSON
internal import JobModel
internal import NIOPosix
internal import Observability
internal import Pipelines
internal import SchedulerCore
internal import SchedulerStore
internal import SystemSupport

/// A run that a client asks for.
struct PipelineSubmission: Sendable {
  var definition: PipelineDefinition
  var stage: String
  var parameters: JSONObject
  var artifact: TaskArtifact?
  /// Only this step, or this step and those that need it.
  var step: String?
  var withFollowers = false
}

// Runs of pipelines: what clients ask for, and what passes between steps and the state machine.
extension HostScheduler {
  /// The runs, newest first.
  func pipelineRuns() -> [PipelineRecord] {
    store.state.pipelines.values.sorted { ($0.run.createdAt, $0.run.id) > ($1.run.createdAt, $1.run.id) }
  }

  func pipelineRun(_ id: String) -> PipelineRecord? { store.state.pipelines[id] }

  /// Starts a run, after every check that a job gets too.
  nonisolated func startPipeline(_ submission: PipelineSubmission, _ requester: Requester) async throws
    -> PipelineRecord
  {
    guard options.swarm == nil else {
      throw Diagnostic(
        .input, "a Docker Swarm cannot run pipelines",
        remedies: ["run the pipeline on a scheduler of one machine, or with `kilt pipeline run-local`"])
    }
    let record = try await newRecord(submission, requester)
    let check = SubmissionCheck(options)
    let verified = try await NIOThreadPool.singleton.runIfActive {
      var record = record
      for step in record.run.definition.steps.indices {
        let configuration = try check.verified(record.configuration(ofStep: step), reason: requester.reason)
        record.artifact = configuration.task.artifacts.first
      }
      return record
    }
    return try await submit(verified, requester)
  }

  private func newRecord(_ submission: PipelineSubmission, _ requester: Requester) throws -> PipelineRecord {
    let now = schedulerTime()
    var run = PipelineRun(
      id: PipelineRun.newName(of: submission.definition.name, at: now),
      definition: submission.definition, stage: submission.stage, parameters: submission.parameters,
      user: requester.user, createdAt: now, queues: true)
    if let name = submission.step {
      guard let position = run.definition.index(of: name) else {
        throw Diagnostic(
          .input, "unknown step \"\(name)\" of pipeline \"\(run.definition.name)\"",
          notes: ["steps: \(run.definition.steps.map(\.name).joined(separator: ", "))"])
      }
      let earlier = pipelineRuns().filter {
        $0.run.definition.name == run.definition.name && $0.run.definition.role == run.definition.role
          && $0.stage == submission.stage
      }
      if let missing = run.select(
        position, withFollowers: submission.withFollowers, outputsFrom: earlier.map(\.run))
      {
        throw Diagnostic(
          .input, "no earlier run has the output of step \"\(missing)\", which \"\(name)\" needs",
          notes: ["only runs with the same parameters count"], remedies: ["run the whole pipeline once"])
      }
    }
    return PipelineRecord(
      run: run, cluster: options.cluster, stage: submission.stage, artifact: submission.artifact)
  }

  private func submit(_ record: PipelineRecord, _ requester: Requester) throws -> PipelineRecord {
    refreshOffer()
    try apply(.startPipeline(record, user: requester.user))
    return store.state.pipelines[record.run.id] ?? record
  }

  func cancelPipeline(_ id: String, _ requester: Requester) throws -> PipelineRecord {
    try apply(.cancelPipeline(id, user: requester.user))
    return try existing(id)
  }

  func retryPipeline(_ id: String, _ requester: Requester) throws -> PipelineRecord {
    try apply(.retryPipeline(id, user: requester.user))
    return try existing(id)
  }

  private func existing(_ id: String) throws -> PipelineRecord {
    guard let record = store.state.pipelines[id] else { throw SchedulerError.noSuchRun(id) }
    return record
  }

  /// Counts runs that have ended, and tells webhooks of them.
  func noteRuns(_ ids: some Collection<String>) {
    guard !ids.isEmpty else { return }
    for id in ids.sorted() {
      guard let record = store.state.pipelines[id] else {
        openRuns.remove(id)
        continue
      }
      guard record.run.status.isTerminal else {
        openRuns.insert(id)
        continue
      }
      guard openRuns.remove(id) != nil else { continue }
      counters.runs[record.pipelineKey, default: [:]][record.run.status, default: 0] += 1
      let kind: Notice.Kind =
        switch record.run.status {
        case .succeeded: .runSucceeded
        case .cancelled: .runCancelled
        default: .runFailed
        }
      let failed = record.run.steps.filter { $0.status == .failed }.map { "step \($0.name)" }
      notify(
        kind, JobKey(cluster: record.cluster, role: record.run.definition.role, stage: record.stage, name: id),
        user: record.run.user, failed.isEmpty ? nil : failed.joined(separator: ", "))
    }
  }

  // MARK: Steps

  /// What an executor needs besides the assignment; nil for a task of no pipeline.
  func step(of task: TaskID) -> TaskStep? {
    guard let (record, key) = store.state.stepAttempt(of: task), let contract = StepContract(record.run, key) else {
      return nil
    }
    // The executor knows the paths in the sandbox.
    let variables = contract.environment(StepContract.Paths(input: "", output: "", heartbeat: ""))
    return TaskStep(variables: variables, input: contract.input)
  }

  /// What a step that has finished has put out; nil for a task of no pipeline.
  func stepEnd(of task: TaskID) -> SchedulerInput? {
    guard store.state.stepAttempt(of: task) != nil else { return nil }
    do {
      return .stepEnded(task, StepContract.end(output: try supervisor.directory(task).stepOutput()))
    } catch {
      // Not an empty output: nothing is known of it.
      return .stepEnded(task, .lost(message: "its output cannot be read: \(Self.summary(of: error))"))
    }
  }

  /// Passes signs of life on, of steps that must give them.
  func lookForHeartbeats() {
    let time = monotonicNanoseconds()
    guard time >= heartbeatsAt else { return }
    heartbeatsAt = time + 1_000_000_000
    var inputs: [SchedulerInput] = []
    for record in store.state.pipelines.values where !record.run.status.isTerminal {
      guard record.run.definition.steps.contains(where: { $0.heartbeat != nil }) else { continue }
      for key in record.run.activeKeys where record.run.definition.steps[key.partition.step].heartbeat != nil {
        guard let attempt = record.run[key], attempt.status == .running, let task = attempt.task.map({ TaskID($0) })
        else { continue }
        do {
          guard let nanoseconds = try supervisor.directory(task).stepHeartbeat() else { continue }
          let beat = Timestamp(milliseconds: nanoseconds / 1_000_000)
          if attempt.heartbeatAt.map({ $0 < beat }) ?? true { inputs.append(.stepHeartbeat(task, at: beat)) }
        } catch {
          warn("task \(task): cannot look for its heartbeat: \(Self.summary(of: error))")
        }
      }
    }
    if !inputs.isEmpty { report(inputs) }
  }
}

public import JobModel
public import Pipelines

/// One run of a pipeline as the scheduler remembers it. Each step is a job, and each attempt a task of it.
public struct PipelineRecord: Sendable, Hashable {
  public internal(set) var run: PipelineRun
  public var cluster: String
  public var stage: String
  /// The bundle that the steps run, as the artifact repository has it.
  public var artifact: TaskArtifact?
  /// When the run, or its last retry, was asked for. Earlier ones go first where the pipeline limits its runs.
  public internal(set) var queuedAt: Timestamp
  /// What tasks that are about to end have put out. Read again from their files when it is lost.
  var reports: [TaskID: AttemptEnd] = [:]

  public init(
    run: PipelineRun, cluster: String, stage: String, artifact: TaskArtifact?, queuedAt: Timestamp? = nil
  ) {
    self.run = run
    self.cluster = cluster
    self.stage = stage
    self.artifact = artifact
    self.queuedAt = queuedAt ?? run.createdAt
  }

  /// The pipeline that a run is one of: `ROLE/STAGE/NAME`.
  public var pipelineKey: String { "\(run.definition.role)/\(stage)/\(run.definition.name)" }

  /// Whether this run goes before another run of its pipeline.
  func precedes(_ other: PipelineRecord) -> Bool {
    (queuedAt, run.id) < (other.queuedAt, other.run.id)
  }

  /// The job of a step: `RUN.STEP`.
  public func jobKey(ofStep position: Int) -> JobKey {
    JobKey(
      cluster: cluster, role: run.definition.role, stage: stage,
      name: "\(run.id).\(run.definition.steps[position].name)")
  }

  /// What the tasks of a step run. Their number follows from the partitions.
  public func configuration(ofStep position: Int) -> JobConfiguration {
    let step = run.definition.steps[position]
    let count = run.steps[position].partitions?.count ?? 1
    return JobConfiguration(
      key: jobKey(ofStep: position), owner: run.user, contact: run.definition.contact, isService: false,
      instances: max(1, count),
      task: TaskConfiguration(
        name: step.name, processes: [ProcessConfiguration(name: "step", cmdline: step.command)],
        resources: step.resources, artifacts: artifact.map { [$0] } ?? [], environment: step.environment),
      maxTaskFailures: 1, metadata: ["pipeline": run.definition.name, "run": run.id])
  }

  /// Which attempt a task runs; nil for a task of an earlier attempt.
  public func attempt(of task: TaskRecord, step: Int) -> AttemptKey? {
    attempt(of: task.id, at: PartitionKey(step: step, partition: task.instance))
  }

  /// The attempt of a partition that a task runs; nil when another task runs the newest attempt.
  func attempt(of task: TaskID, at place: PartitionKey) -> AttemptKey? {
    guard let attempt = run[place]?.attempt, attempt.task == task.rawValue else { return nil }
    return AttemptKey(place, number: attempt.number)
  }
}

/// A step of a run, by the id of the run and the position of the step.
public struct StepPlace: Sendable, Hashable {
  public var run: String
  public var step: Int
}

extension SchedulerState {
  /// The runs in progress of the same pipeline that go first.
  public func runs(before record: PipelineRecord) -> [PipelineRecord] {
    pipelines.values.filter { other in
      !other.run.status.isTerminal && other.run.id != record.run.id && other.pipelineKey == record.pipelineKey
        && other.precedes(record)
    }
    .sorted { $0.precedes($1) }
  }

  /// The run and the attempt of a task; nil for a task of no pipeline.
  public func stepAttempt(of id: TaskID) -> (record: PipelineRecord, key: AttemptKey)? {
    guard let task = tasks[id], let place = stepJobs[task.job], let record = pipelines[place.run],
      let key = record.attempt(of: task, step: place.step)
    else { return nil }
    return (record, key)
  }
}

public import JobModel
public import Pipelines

/// One run of a pipeline as the scheduler remembers it. Each step is a job, and each attempt a task of it.
public struct PipelineRecord: Sendable, Hashable {
  public internal(set) var run: PipelineRun
  public var cluster: String
  public var stage: String
  /// The bundle that the steps run, as the artifact repository has it.
  public var artifact: TaskArtifact?
  /// What tasks that are about to end have put out. Read again from their files when it is lost.
  var reports: [TaskID: AttemptEnd] = [:]

  public init(run: PipelineRun, cluster: String, stage: String, artifact: TaskArtifact?) {
    self.run = run
    self.cluster = cluster
    self.stage = stage
    self.artifact = artifact
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
    let place = PartitionKey(step: step, partition: task.instance)
    guard let partition = run[place], let attempt = partition.attempt, attempt.task == task.id.rawValue else {
      return nil
    }
    return AttemptKey(place, number: attempt.number)
  }
}

/// A step of a run, by the id of the run and the position of the step.
public struct StepPlace: Sendable, Hashable {
  public var run: String
  public var step: Int
}

extension SchedulerState {
  /// The run and the attempt of a task; nil for a task of no pipeline.
  public func stepAttempt(of id: TaskID) -> (record: PipelineRecord, key: AttemptKey)? {
    guard let task = tasks[id], let place = stepJobs[task.job], let record = pipelines[place.run],
      let key = record.attempt(of: task, step: place.step)
    else { return nil }
    return (record, key)
  }
}

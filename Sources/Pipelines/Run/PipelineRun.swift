public import JSON
public import JobModel

/// One run of a pipeline: which step and which partition is where.
///
/// A value without clock, files or processes. ``apply(_:at:)`` takes what happened and returns what must be done; the
/// owner stores the run before it does so. Rules that hold at every moment:
///
/// - A partition succeeds at most once, and has at most one attempt that may run.
/// - No step starts before every step that it needs has succeeded.
/// - A run ends when nothing runs and nothing can start.
public struct PipelineRun: Sendable, Hashable {
  public enum Status: String, Sendable, Hashable, CaseIterable {
    case running
    /// Was cancelled; attempts that run are asked to end.
    case cancelling
    case succeeded, failed, cancelled

    public var isTerminal: Bool { self != .running && self != .cancelling }
  }

  public var id: String
  public var definition: PipelineDefinition
  public var stage: String?
  /// A value for each parameter of the definition, in its order.
  public var parameters: JSONObject
  public var user: String?
  public var status: Status
  public var createdAt: Timestamp
  public var endedAt: Timestamp?
  /// In the order of the definition.
  public internal(set) var steps: [StepRun]
  /// The number of the newest attempt of the run; each attempt has a higher one than all before it.
  public internal(set) var fence: Int
  /// Attempts of the whole run that run at once; nil means no limit.
  public var limit: Int?
  /// Whether attempts wait for a place before they start; the owner says when with `started`.
  public var queues: Bool
  /// Whether nothing new starts for now. Attempts that run continue. Not stored: its owner sets it before each input.
  public var isHeld = false

  /// The name of the step whose failure stops the run.
  public internal(set) var stoppedBy: String?

  let graph: PipelineGraph
  let order: [Int]

  /// A run that has not begun.
  public init(
    id: String, definition: PipelineDefinition, stage: String? = nil, parameters: JSONObject, user: String? = nil,
    createdAt: Timestamp, limit: Int? = nil, queues: Bool = false
  ) {
    self.init(
      id: id, definition: definition, stage: stage, parameters: parameters, user: user, status: .running,
      createdAt: createdAt, endedAt: nil, steps: definition.steps.map { StepRun(name: $0.name) }, fence: 0,
      stoppedBy: nil, limit: limit, queues: queues)
  }

  /// A run as it was stored.
  public init(
    id: String, definition: PipelineDefinition, stage: String?, parameters: JSONObject, user: String?, status: Status,
    createdAt: Timestamp, endedAt: Timestamp?, steps: [StepRun], fence: Int, stoppedBy: String?, limit: Int? = nil,
    queues: Bool = false
  ) {
    self.id = id
    self.definition = definition
    self.stage = stage
    self.parameters = parameters
    self.user = user
    self.status = status
    self.createdAt = createdAt
    self.endedAt = endedAt
    self.steps = steps
    self.fence = fence
    self.stoppedBy = stoppedBy
    self.limit = limit
    self.queues = queues
    graph = PipelineGraph(definition.steps)
    order = graph.order ?? []
  }
}

/// One step of a run.
public struct StepRun: Sendable, Hashable {
  public enum Status: String, Sendable, Hashable, CaseIterable {
    case waiting, running, succeeded, failed
    /// Did not run, or not to its end, because another step failed.
    case skipped
    case cancelled
    /// Was not chosen for this run.
    case excluded

    public var isTerminal: Bool { self != .waiting && self != .running }
  }

  public var name: String
  public var status: Status
  /// Nil until the step starts.
  public var partitions: [PartitionRun]?
  public var startedAt: Timestamp?
  public var endedAt: Timestamp?
  public var message: String?
  /// The size of the outputs of all its partitions.
  var outputBytes: Int

  public init(
    name: String, status: Status = .waiting, partitions: [PartitionRun]? = nil, startedAt: Timestamp? = nil,
    endedAt: Timestamp? = nil, message: String? = nil
  ) {
    self.name = name
    self.status = status
    self.partitions = partitions
    self.startedAt = startedAt
    self.endedAt = endedAt
    self.message = message
    outputBytes = (partitions ?? []).reduce(0) { $0 + $1.outputBytes }
  }
}

/// One partition of a step.
public struct PartitionRun: Sendable, Hashable {
  public enum Status: String, Sendable, Hashable, CaseIterable {
    case waiting, running
    /// Waits for its next attempt.
    case retrying
    case succeeded, failed, skipped, cancelled

    public var isTerminal: Bool { self != .waiting && self != .running && self != .retrying }
  }

  /// Empty for a step without partitions.
  public var name: String
  public var status: Status
  /// The number of attempts so far.
  public var attempts: Int
  /// Failed attempts that count against `retries`.
  public var failures: Int
  /// Attempts that were lost since the run began or was retried.
  public var losses: Int
  /// When the next attempt can start.
  public var retryAt: Timestamp?
  /// The newest attempt.
  public var attempt: StepAttempt?
  /// What the successful attempt put out.
  public var output: JSONObject?

  public init(
    name: String, status: Status = .waiting, attempts: Int = 0, failures: Int = 0, losses: Int = 0,
    retryAt: Timestamp? = nil, attempt: StepAttempt? = nil, output: JSONObject? = nil
  ) {
    self.name = name
    self.status = status
    self.attempts = attempts
    self.failures = failures
    self.losses = losses
    self.retryAt = retryAt
    self.attempt = attempt
    self.output = output
  }

  var outputBytes: Int { output.map { JSONValue.object($0).bytes().count } ?? 0 }
}

/// One attempt at a partition.
public struct StepAttempt: Sendable, Hashable {
  public enum Status: String, Sendable, Hashable, CaseIterable {
    /// Waits for a place on a host: no deadline applies yet.
    case queued
    case running
    /// Was asked to end.
    case ending
    case succeeded, failed, cancelled
    /// Ended without anybody seeing how.
    case lost

    public var isTerminal: Bool { self != .queued && self != .running && self != .ending }
  }

  /// From 1.
  public var number: Int
  public var fence: Int
  public var status: Status
  public var startedAt: Timestamp
  public var endedAt: Timestamp?
  /// The last sign of life.
  public var heartbeatAt: Timestamp?
  public var exitCode: Int?
  public var message: String?
  /// The task of the scheduler that runs it.
  public var task: String?

  public init(
    number: Int, fence: Int, status: Status = .running, startedAt: Timestamp, endedAt: Timestamp? = nil,
    heartbeatAt: Timestamp? = nil, exitCode: Int? = nil, message: String? = nil, task: String? = nil
  ) {
    self.number = number
    self.fence = fence
    self.status = status
    self.startedAt = startedAt
    self.endedAt = endedAt
    self.heartbeatAt = heartbeatAt
    self.exitCode = exitCode
    self.message = message
    self.task = task
  }
}

public import JobModel

/// A pipeline as its file says it, for one stage: parameters, and steps in the order of the file.
///
/// Names are unique, every name that a step refers to exists, and the steps form no cycle: `PipelineFiles` refuses
/// everything else.
public struct PipelineDefinition: Sendable, Hashable {
  public var name: String
  public var role: String
  public var contact: String?
  /// The name of the `pex_binary` bundle whose path the steps find in `KILT_ARTIFACT`.
  public var artifact: String?
  /// The git commit of the artifact, for the whole run.
  public var commit: String?
  public var parameters: [PipelineParameter]
  /// Runs in progress at a time, of one stage. Later ones wait. Nil means no limit.
  public var concurrency: Int?
  /// When a scheduler starts runs by itself.
  public var schedule: CronConfiguration?
  public var steps: [PipelineStep]

  public init(
    name: String, role: String, contact: String? = nil, artifact: String? = nil, commit: String? = nil,
    parameters: [PipelineParameter] = [], concurrency: Int? = nil, schedule: CronConfiguration? = nil,
    steps: [PipelineStep]
  ) {
    self.name = name
    self.role = role
    self.contact = contact
    self.artifact = artifact
    self.commit = commit
    self.parameters = parameters
    self.concurrency = concurrency
    self.schedule = schedule
    self.steps = steps
  }

  /// Runs in progress at a time. A pipeline with a schedule has one, unless its file says otherwise.
  public var runLimit: Int? { concurrency ?? (schedule == nil ? nil : 1) }

  /// The position of a step in `steps`.
  public func index(of step: String) -> Int? { steps.firstIndex { $0.name == step } }
}

/// One step: a command that runs once, or once for each partition.
public struct PipelineStep: Sendable, Hashable {
  /// The effect of a step's failure on the rest of the run.
  public enum FailurePolicy: String, Sendable, Hashable, CaseIterable {
    /// Nothing more starts in the run. Attempts that run continue to their end.
    case stop
    /// Partitions and steps that do not need the failed one still run.
    case `continue`
  }

  /// Where the partitions of a step come from.
  public enum Partitions: Sendable, Hashable {
    /// The step runs once.
    case none
    /// Numbered from 0.
    case count(Int)
    case list([String])
    /// The list under `key` in the output of an earlier step.
    case output(step: String, key: String)
  }

  public var name: String
  /// The steps that must succeed first, without the one that `partitions` names.
  public var after: [String]
  /// Run by `/bin/sh -c`.
  public var command: String
  public var environment: [String: String]
  public var resources: Resources
  public var partitions: Partitions
  /// Attempts of this step that run at once; nil means no limit.
  public var parallel: Int?
  /// Further attempts after a failed one.
  public var retries: Int
  /// The wait before the second attempt; it doubles for each further one, up to an hour.
  public var retryDelay: Duration
  /// The longest time of one attempt.
  public var timeout: Duration?
  /// The longest time between two heartbeats of one attempt.
  public var heartbeat: Duration?
  public var onFailure: FailurePolicy

  /// The resources of a step that names none.
  public static let defaultResources = Resources(milliCPU: 1000, ram: 512 << 20, disk: 1 << 30)

  public init(
    name: String, after: [String] = [], command: String, environment: [String: String] = [:],
    resources: Resources = PipelineStep.defaultResources, partitions: Partitions = .none, parallel: Int? = nil,
    retries: Int = 0, retryDelay: Duration = .zero, timeout: Duration? = nil, heartbeat: Duration? = nil,
    onFailure: FailurePolicy = .stop
  ) {
    self.name = name
    self.after = after
    self.command = command
    self.environment = environment
    self.resources = resources
    self.partitions = partitions
    self.parallel = parallel
    self.retries = retries
    self.retryDelay = retryDelay
    self.timeout = timeout
    self.heartbeat = heartbeat
    self.onFailure = onFailure
  }

  /// Every step that must succeed first.
  public var needs: [String] {
    guard case .output(let step, _) = partitions, !after.contains(step) else { return after }
    return after + [step]
  }
}

/// Limits that every pipeline keeps.
public enum PipelineLimits {
  public static let steps = 200
  /// Partitions of one step.
  public static let partitions = 4000
  /// Bytes of a partition's name.
  public static let partitionName = 200
  /// Runs of one pipeline that can be in progress at a time, where it limits them.
  public static let concurrency = 1000
  /// Bytes of the output file of one attempt.
  public static let output = 64 << 10
  /// Bytes of the outputs of all partitions of one step.
  public static let stepOutput = 8 << 20
  public static let retries = 100
  /// Attempts of one partition that can get lost before the partition fails.
  public static let losses = 10
}

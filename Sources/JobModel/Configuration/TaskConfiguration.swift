/// What one instance runs: processes, their order, their limits, the artifacts they need.
public struct TaskConfiguration: Sendable, Hashable {
  public var name: String
  /// Unordered: they run in parallel unless `constraints` say otherwise.
  public var processes: [ProcessConfiguration]
  public var constraints: [OrderConstraint]
  public var resources: Resources
  /// Failed processes before the task fails; 0 means no limit.
  public var maxFailures: Int
  /// Processes that may run at once; 0 means no limit.
  public var maxConcurrency: Int
  /// How long final processes may take, and how long SIGTERM is given before SIGKILL.
  public var finalizationWait: Duration
  /// The user the processes run as; nil means the job's role.
  public var user: String?
  /// Fetched before any process starts, and put into the sandbox.
  public var artifacts: [ArtifactReference]
  /// Variables of the environment of every process. Late binding applies to the values.
  public var environment: [String: String]
  /// Directories of the host that the task sees.
  public var volumes: [Volume]
  /// Files in memory that the task reads, in the order of their names.
  public var secrets: [Secret]

  public init(
    name: String, processes: [ProcessConfiguration], constraints: [OrderConstraint] = [], resources: Resources,
    maxFailures: Int = 1, maxConcurrency: Int = 0, finalizationWait: Duration = .seconds(30), user: String? = nil,
    artifacts: [ArtifactReference] = [], environment: [String: String] = [:], volumes: [Volume] = [],
    secrets: [Secret] = []
  ) {
    self.name = name
    self.processes = processes
    self.constraints = constraints
    self.resources = resources
    self.maxFailures = maxFailures
    self.maxConcurrency = maxConcurrency
    self.finalizationWait = finalizationWait
    self.user = user
    self.artifacts = artifacts
    self.environment = environment
    self.volumes = volumes
    self.secrets = secrets
  }
}

/// `order(a, b, c)`: each named process starts only after the one before it has succeeded.
public struct OrderConstraint: Sendable, Hashable {
  public var order: [String]

  public init(order: [String]) { self.order = order }
}

/// The content of one instance: processes, their order, their limits, the artifacts they need.
public struct TaskConfiguration: Sendable, Hashable {
  public var name: String
  /// Unordered: they run in parallel unless `constraints` say otherwise.
  public var processes: [ProcessConfiguration]
  public var constraints: [OrderConstraint]
  public var resources: Resources
  /// Failed processes before the task fails; 0 means no limit.
  public var maxFailures: Int
  /// The maximum number of processes at once; 0 means no limit.
  public var maxConcurrency: Int
  /// The time limit of final processes, and the time between SIGTERM and SIGKILL.
  public var finalizationWait: Duration
  /// The user the processes run as; nil means the job's role.
  public var user: String?
  /// Fetched before any process starts, and put into the sandbox.
  public var artifacts: [TaskArtifact]
  /// Variables of the environment of every process. Late binding applies to the values.
  public var environment: [String: String]
  /// Directories of the host that the task sees.
  public var volumes: [Volume]
  /// Files in memory that the task reads, in the order of their names.
  public var secrets: [Secret]

  public init(
    name: String, processes: [ProcessConfiguration], constraints: [OrderConstraint] = [], resources: Resources,
    maxFailures: Int = 1, maxConcurrency: Int = 0, finalizationWait: Duration = .seconds(30), user: String? = nil,
    artifacts: [TaskArtifact] = [], environment: [String: String] = [:], volumes: [Volume] = [],
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

extension TaskConfiguration {
  /// Whether a job can set the variable; variables that the executor sets are reserved.
  public static func isFreeVariable(_ name: String) -> Bool {
    guard let first = name.utf8.first, !(0x30...0x39).contains(first), !ownVariables.contains(name) else {
      return false
    }
    if name.hasPrefix("KILT_") || name.hasPrefix("PORT_") { return false }
    return name.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == 0x5F
    }
  }

  private static let ownVariables: Set<String> = [
    "HOME", "TMPDIR", "PATH", "SHELL", "USER", "LOGNAME", "HOSTNAME", "TASK_ID", "INSTANCE", "PEX_ROOT",
  ]
}

/// `order(a, b, c)`: each named process starts only after the one before it has succeeded.
public struct OrderConstraint: Sendable, Hashable {
  public var order: [String]

  public init(order: [String]) { self.order = order }
}

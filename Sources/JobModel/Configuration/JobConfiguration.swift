/// A submitted job: its task, the number of instances, and the rules for keeping them running.
public struct JobConfiguration: Sendable, Hashable {
  public var key: JobKey
  /// The user who submitted it.
  public var owner: String?
  /// The contact for questions about it.
  public var contact: String?
  /// True: an instance that ends, however it ends, is replaced.
  public var isService: Bool
  /// Nil: runs at once. A job with a schedule runs only when it fires, and is not a service.
  public var cron: CronConfiguration?
  /// The number of instances; they are numbered `0..<instances`.
  public var instances: Int
  public var task: TaskConfiguration
  public var healthCheck: HealthCheckConfiguration?
  public var update: UpdateConfiguration
  public var announce: Announcer?
  public var lifecycle: LifecycleConfiguration?
  /// Higher goes first; within a role, a higher priority can replace a lower one.
  public var priority: Int
  public var tier: Tier
  /// The number of failed runs after which one instance is given up; -1 means never. Ignored for services.
  public var maxTaskFailures: Int
  public var metadata: [String: String]
  /// The hosts that the instances can run on, in the order of the attributes' names.
  public var constraints: [PlacementConstraint]
  /// The number of instances that must stay up while something stops them on purpose; nil for the tier's default.
  public var slaPolicy: SlaPolicy?
  /// The treatment of an instance whose host cannot be reached; nil for Aurora's default.
  public var partitionPolicy: PartitionPolicy?
  /// The container that Aurora would use; nil for the executor's sandbox.
  public var container: Container?
  /// Aurora's executor; nil for its default, which is the only one that runs here.
  public var executor: ExecutorReference?
  /// The time that an instance stays up between the decision to stop it and the request to stop, so that its clients
  /// can switch. Does not apply to an instance that fails its health checks.
  public var drain: Duration
  /// Conditions about which people want to hear, in the order of their names.
  public var alerts: [AlertRule]
  /// The origin of the configuration.
  public var source: JobSource?

  public init(
    key: JobKey, owner: String? = nil, contact: String? = nil, isService: Bool = false,
    cron: CronConfiguration? = nil, instances: Int = 1, task: TaskConfiguration,
    healthCheck: HealthCheckConfiguration? = nil, update: UpdateConfiguration = UpdateConfiguration(),
    announce: Announcer? = nil, lifecycle: LifecycleConfiguration? = nil, priority: Int = 0,
    tier: Tier = .preemptible, maxTaskFailures: Int = 1, metadata: [String: String] = [:],
    constraints: [PlacementConstraint] = [], slaPolicy: SlaPolicy? = nil, partitionPolicy: PartitionPolicy? = nil,
    container: Container? = nil, executor: ExecutorReference? = nil, drain: Duration = .zero, alerts: [AlertRule] = [],
    source: JobSource? = nil
  ) {
    self.key = key
    self.owner = owner
    self.contact = contact
    self.isService = isService
    self.cron = cron
    self.instances = instances
    self.task = task
    self.healthCheck = healthCheck
    self.update = update
    self.announce = announce
    self.lifecycle = lifecycle
    self.priority = priority
    self.tier = tier
    self.maxTaskFailures = maxTaskFailures
    self.metadata = metadata
    self.constraints = constraints
    self.slaPolicy = slaPolicy
    self.partitionPolicy = partitionPolicy
    self.container = container
    self.executor = executor
    self.drain = drain
    self.alerts = alerts
    self.source = source
  }
}

/// Aurora's tiers: they decide which tasks can be preempted, and which count against a role's quota.
public enum Tier: String, Sendable, Hashable, CaseIterable {
  /// Counts against the quota; is not preempted by others.
  case preferred
  case preemptible
  case revocable
}

/// When a cron job runs.
public struct CronConfiguration: Sendable, Hashable {
  /// The action when a run is due while the last run is still active.
  public enum CollisionPolicy: String, Sendable, Hashable, CaseIterable {
    case killExisting = "KILL_EXISTING"
    case cancelNew = "CANCEL_NEW"
  }

  /// Five fields as in crontab(5).
  public var schedule: String
  /// A zone name of the tz database; `UTC` by default.
  public var timeZone: String
  public var collisionPolicy: CollisionPolicy

  public init(schedule: String, timeZone: String = "UTC", collisionPolicy: CollisionPolicy = .killExisting) {
    self.schedule = schedule
    self.timeZone = timeZone
    self.collisionPolicy = collisionPolicy
  }
}

/// The program that runs a task, as Aurora's `executor_config` names it.
public struct ExecutorReference: Sendable, Hashable {
  public var name: String
  /// Given to the executor as it is.
  public var data: String

  /// The name of Aurora's own executor, which means `kilt-executor`.
  public static let defaultName = "AuroraExecutor"

  public init(name: String = ExecutorReference.defaultName, data: String = "") {
    self.name = name
    self.data = data
  }
}

/// The files of a job configuration, and the commit that contains them.
public struct JobSource: Sendable, Hashable {
  /// The job file, relative to the workspace.
  public var path: String
  /// The template it names, relative to the workspace.
  public var template: String?
  /// SHA-256 of the template and all it includes, in hexadecimal.
  public var templateDigest: String?
  /// SHA-256 of the job file, in hexadecimal.
  public var digest: String?
  /// The full git commit of the workspace when the job was loaded; nil outside of git.
  public var commit: String?
  /// Whether the job file, the template and its includes equal those of `commit`; nil if git was not asked.
  public var isCommitted: Bool?
  /// The names that `--bind` filled in, with their values.
  public var bindings: [String: String]

  public init(
    path: String, template: String? = nil, templateDigest: String? = nil, digest: String? = nil, commit: String? = nil,
    isCommitted: Bool? = nil, bindings: [String: String] = [:]
  ) {
    self.path = path
    self.template = template
    self.templateDigest = templateDigest
    self.digest = digest
    self.commit = commit
    self.isCommitted = isCommitted
    self.bindings = bindings
  }
}

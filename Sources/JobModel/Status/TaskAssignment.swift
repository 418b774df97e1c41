/// All inputs of an executor for one task: the scheduler writes them before it starts the executor.
public struct TaskAssignment: Sendable, Hashable {
  public var taskID: TaskID
  public var instance: Int
  public var configuration: JobConfiguration
  /// The allotted port number of each named port.
  public var ports: [String: Int]
  public var hostname: String
  /// The number of the job's release; nil outside of a scheduler.
  public var release: Int?

  public init(
    taskID: TaskID, instance: Int, configuration: JobConfiguration, ports: [String: Int], hostname: String,
    release: Int? = nil
  ) {
    self.taskID = taskID
    self.instance = instance
    self.configuration = configuration
    self.ports = ports
    self.hostname = hostname
    self.release = release
  }

  public var jobKey: JobKey { configuration.key }
  public var instanceKey: InstanceKey { InstanceKey(job: configuration.key, instance: instance) }
}

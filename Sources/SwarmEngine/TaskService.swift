internal import Digests
public import JSON
public import JobModel

/// The service of a task: one replica, which Swarm never starts again and never updates. What is decided about the task
/// is another task, and so another service.
public struct TaskService: Sendable, Hashable {
  /// What every object of a scheduler in Swarm is labelled with. Objects of others have other labels, and are left alone.
  public enum Label {
    public static let scheduler = "kilt.scheduler"
    public static let cluster = "kilt.cluster"
    public static let task = "kilt.task"
    public static let job = "kilt.job"
    public static let instance = "kilt.instance"
    public static let release = "kilt.release"
    /// `image-check` of the service that proves that nodes have the image.
    public static let purpose = "kilt.purpose"
  }

  /// The user and the group of a container's process.
  public struct User: Sendable, Hashable {
    public var id: UInt32
    public var group: UInt32

    public init(id: UInt32, group: UInt32) {
      self.id = id
      self.group = group
    }
  }

  public var assignment: TaskAssignment
  /// The ID of the scheduler that the service belongs to.
  public var scheduler: String
  /// The ID of the node on which it runs.
  public var node: String
  /// The ID of the image: `sha256:…`. Named by its ID, an image is never sought in a registry.
  public var image: String
  public var user: User

  public init(assignment: TaskAssignment, scheduler: String, node: String, image: String, user: User) {
    self.assignment = assignment
    self.scheduler = scheduler
    self.node = node
    self.image = image
    self.user = user
  }

  /// Where a container finds its parts.
  public enum Place {
    public static let programs = "/opt/kilt"
    public static let task = "/kilt/task"
    public static let secret = "kilt-task"
  }

  /// What an executor needs beside its task.
  static let executorMemory = 48 << 20
  static let executorProcesses = 16

  // MARK: Names

  /// The longest name that Swarm takes, which must also be a label of a domain name.
  static let longestName = 63

  /// The task's ID, made of the characters that Swarm takes. One that is too long or has other characters ends in a
  /// digest, so that different tasks have different names.
  public var name: String { Self.name(of: assignment.taskID) }

  static func name(of task: TaskID) -> String {
    let text = task.rawValue
    var plain = ""
    for character in text.unicodeScalars {
      let isAllowed =
        character.isASCII && (character.properties.isAlphabetic || character.properties.numericType != nil)
      let isSeparator = character == "-" || character == "_"
      if isAllowed || isSeparator && !plain.isEmpty { plain.unicodeScalars.append(character) } else { plain += "x" }
    }
    if plain == text, text.utf8.count <= longestName, text.last?.isLetter == true || text.last?.isNumber == true {
      return text
    }
    let digest = SHA256Digest.of(text).hex.prefix(16)
    return "\(plain.prefix(longestName - 17))-\(digest)"
  }

  /// The name of the secret with the task's token.
  public var secretName: String { Self.secretName(of: assignment.taskID, scheduler) }

  static func secretName(of task: TaskID, _ scheduler: String) -> String {
    "kilt-" + SHA256Digest.of("\(scheduler)/\(task)").hex.prefix(40)
  }

  public var labels: [String: String] {
    var labels = [
      Label.scheduler: scheduler, Label.cluster: assignment.jobKey.cluster, Label.task: assignment.taskID.rawValue,
      Label.job: assignment.jobKey.description, Label.instance: String(assignment.instance),
    ]
    if let release = assignment.release { labels[Label.release] = String(release) }
    return labels
  }

  // MARK: The description

  /// The body of `POST /services/create`.
  public func json(secret: String) -> JSONValue {
    var template = JSONObject([("ContainerSpec", container(secret: secret)), ("Resources", resources)])
    template["RestartPolicy"] = .members(["Condition": "none"])
    template["Placement"] = .members(["Constraints": .strings(["node.id==\(node)"])])
    let logs: JSONValue = .members(["max-size": "1m", "max-file": "2"])
    template["LogDriver"] = .members(["Name": "json-file", "Options": logs])
    var service = JSONObject([("Name", .string(name)), ("Labels", labelsJSON)])
    service["TaskTemplate"] = .object(template)
    service["Mode"] = .members(["Replicated": .members(["Replicas": 1])])
    if !assignment.ports.isEmpty { service["EndpointSpec"] = endpoints }
    return .object(service)
  }

  private var labelsJSON: JSONValue {
    .object(JSONObject(labels.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
  }

  private func container(secret: String) -> JSONValue {
    var container = JSONObject([("Image", .string(image)), ("Labels", labelsJSON)])
    container["Command"] = .strings(["\(Place.programs)/kilt-executor", "join"])
    container["User"] = .string("\(user.id):\(user.group)")
    container["Dir"] = .string(Place.task)
    container["ReadOnly"] = true
    // Engines that do not know the second ignore it: `kilt-init` does the same for every process of the task.
    container["CapabilityDrop"] = .strings(["ALL"])
    container["Privileges"] = .members(["NoNewPrivileges": true])
    container["StopGracePeriod"] = .int(stopTime.nanoseconds)
    // Without a name, so that it goes with the container.
    let volume: JSONValue = .members([
      "Type": "volume", "Target": .string(Place.task), "VolumeOptions": .members(["Labels": labelsJSON]),
    ])
    // A mode of 1777, and 64 MiB.
    let temporary: JSONValue = .members([
      "Type": "tmpfs", "Target": "/tmp", "TmpfsOptions": .members(["SizeBytes": 67_108_864, "Mode": 1023]),
    ])
    container["Mounts"] = .array([volume, temporary])
    // A mode of 0400.
    let file: JSONValue = .members([
      "Name": .string(Place.secret), "UID": .string("\(user.id)"), "GID": .string("\(user.group)"), "Mode": 256,
    ])
    container["Secrets"] = .array([
      .members(["SecretID": .string(secret), "SecretName": .string(secretName), "File": file])
    ])
    return .object(container)
  }

  private var resources: JSONValue {
    let resources = assignment.configuration.task.resources
    let processors = JSONValue.int(Int64(resources.milliCPU) * 1_000_000)
    let limits: JSONValue = .members([
      "NanoCPUs": processors, "MemoryBytes": .int(Int64(resources.ram + Self.executorMemory)),
      "Pids": .int(Int64(resources.processes + Self.executorProcesses)),
    ])
    let reservations: JSONValue = .members(["NanoCPUs": processors, "MemoryBytes": .int(Int64(resources.ram))])
    return .members(["Limits": limits, "Reservations": reservations])
  }

  private var endpoints: JSONValue {
    let ports = assignment.ports.sorted { $0.key < $1.key }.map { name, number in
      JSONValue.members([
        "Name": .string(name), "Protocol": "tcp", "TargetPort": .int(Int64(number)),
        "PublishedPort": .int(Int64(number)), "PublishMode": "host",
      ])
    }
    return .members(["Mode": "dnsrr", "Ports": .array(ports)])
  }

  /// How long the executor has to end the task when Swarm ends the container.
  private var stopTime: Duration {
    let configuration = assignment.configuration
    let lifecycle = configuration.lifecycle.map { $0.gracefulShutdownWait + $0.shutdownWait } ?? .zero
    let time = configuration.drain + lifecycle + configuration.task.finalizationWait * 2 + .seconds(10)
    return min(time, .seconds(600))
  }
}

extension Duration {
  var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}

/// The isolation of a task's processes from the host.
public enum Isolation: String, Sendable, Hashable, CaseIterable {
  /// Bubblewrap where it works, otherwise none, with a warning in the record.
  case auto
  /// Bubblewrap, or the task fails.
  case bubblewrap
  case none
}

/// The options of `kilt-executor run`.
public struct ExecutorOptions: Sendable, Hashable {
  public var taskDirectory: String
  /// The `pex-runner` program; by name, it is sought in `PATH`.
  public var pexRunner: String
  /// The artifact repository to hand to it; nil leaves that to its own configuration.
  public var repository: String?
  /// The control group below which tasks get theirs; see ``ControlGroups``.
  public var controlGroupParent: String
  public var isolation: Isolation
  /// Whether a task whose user does not exist here, or cannot be used, runs as another user: as `nobody` if this
  /// executor is root, otherwise as its own user.
  public var allowsMissingUser: Bool
  /// Users with the ID 0 that tasks can run as, by name. Without a name here, such a task is refused.
  public var allowedRoots: [String]
  /// Directories of the host that tasks see, read-only, at their own place.
  public var readOnly: [String]
  /// Directories in front of the usual ones in `PATH`.
  public var path: [String]
  /// The ports from which tasks get theirs: of these, a task binds only its own. Nil leaves all of them open.
  public var portRange: ClosedRange<Int>?
  /// The trust policy that `pex-runner` applies in addition to the host's.
  public var trustPolicy: String?
  /// The directory where secrets are looked up; its owner is this executor's user, and nobody else reads it.
  public var secretsDirectory: String?
  /// The command that prints a secret, given its reference, where there is no directory.
  public var secretsCommand: [String] = []
  /// The file that says where ZooKeeper is; nil announces nothing there.
  public var zooKeeper: String?
  /// Whether this executor is the first process of a container that belongs to the task: the container limits the task,
  /// and its user is the task's.
  public var isContained = false
  /// Time between two samples of what the task uses.
  public var sampleInterval: Duration

  public init(
    taskDirectory: String, pexRunner: String = "pex-runner", repository: String? = nil,
    controlGroupParent: String = "kilt", isolation: Isolation = .auto, allowsMissingUser: Bool = false,
    allowedRoots: [String] = [], readOnly: [String] = [], path: [String] = [],
    portRange: ClosedRange<Int>? = nil, sampleInterval: Duration = .seconds(10)
  ) {
    self.taskDirectory = taskDirectory
    self.pexRunner = pexRunner
    self.repository = repository
    self.controlGroupParent = controlGroupParent
    self.isolation = isolation
    self.allowsMissingUser = allowsMissingUser
    self.allowedRoots = allowedRoots
    self.readOnly = readOnly
    self.path = path
    self.portRange = portRange
    self.sampleInterval = sampleInterval
  }

  /// The arguments that make `kilt-executor` run with these options.
  public var arguments: [String] {
    var arguments = ["run", "--task-directory", taskDirectory, "--pex-runner", pexRunner]
    if let repository { arguments += ["--repository", repository] }
    arguments += ["--cgroup-parent", controlGroupParent, "--isolation", isolation.rawValue]
    if allowsMissingUser { arguments += ["--allow-missing-user"] }
    for user in allowedRoots { arguments += ["--allow-root", user] }
    for directory in readOnly { arguments += ["--read-only", directory] }
    for directory in path { arguments += ["--path", directory] }
    if let portRange { arguments += ["--port-range", "\(portRange.lowerBound)-\(portRange.upperBound)"] }
    if let trustPolicy { arguments += ["--policy", trustPolicy] }
    if let secretsDirectory { arguments += ["--secrets", secretsDirectory] }
    for word in secretsCommand { arguments += ["--secrets-command", word] }
    if isContained { arguments += ["--contained"] }
    if let zooKeeper { arguments += ["--zookeeper", zooKeeper] }
    return arguments + ["--sample-milliseconds", "\(sampleInterval.wholeMilliseconds)"]
  }

  /// Parses the arguments after `run`.
  public init(parsing arguments: [String]) throws(ExecutorError) {
    var options = ExecutorOptions(taskDirectory: "")
    var rest = arguments[...]
    while let option = rest.popFirst() {
      if option == "--allow-missing-user" {
        options.allowsMissingUser = true
        continue
      }
      if option == "--contained" {
        options.isContained = true
        continue
      }
      guard let value = rest.popFirst() else { throw .usage("the option \(option) is unknown or lacks its value") }
      switch option {
      case "--task-directory": options.taskDirectory = value
      case "--pex-runner": options.pexRunner = value
      case "--repository": options.repository = value
      case "--cgroup-parent": options.controlGroupParent = value
      case "--isolation":
        guard let isolation = Isolation(rawValue: value) else {
          throw .usage("unknown isolation \"\(value)\"; one of: auto, bubblewrap, none")
        }
        options.isolation = isolation
      case "--allow-root": options.allowedRoots.append(value)
      case "--read-only": options.readOnly.append(value)
      case "--policy": options.trustPolicy = value
      case "--secrets": options.secretsDirectory = value
      case "--secrets-command": options.secretsCommand.append(value)
      case "--zookeeper": options.zooKeeper = value
      case "--path": options.path.append(value)
      case "--port-range":
        let bounds = value.split(separator: "-").compactMap { Int($0) }
        guard bounds.count == 2, 0 < bounds[0], bounds[0] <= bounds[1], bounds[1] <= 65535 else {
          throw .usage("invalid port range \"\(value)\": write FIRST-LAST")
        }
        options.portRange = bounds[0]...bounds[1]
      case "--sample-milliseconds":
        guard let milliseconds = Int(value), milliseconds > 0 else {
          throw .usage("invalid number of milliseconds \"\(value)\"")
        }
        options.sampleInterval = .milliseconds(milliseconds)
      default: throw .usage("unknown option \(option)")
      }
    }
    for directory in options.readOnly + [options.taskDirectory] where !directory.hasPrefix("/") {
      throw .usage("\"\(directory)\" is not an absolute path (--task-directory, --read-only)")
    }
    for directory in options.readOnly where ExecutorOptions.isTasksOwn(directory) {
      // Bubblewrap creates mount points as root: it must not do so where a task can have put a link.
      throw .usage("cannot show \"\(directory)\" to tasks: each task has its own directory at this path")
    }
    guard !options.controlGroupParent.split(separator: "/").contains("..") else {
      throw .usage("invalid control group \"\(options.controlGroupParent)\"")
    }
    self = options
  }

  /// Whether a path is one of a sandbox's own paths, or below one.
  private static func isTasksOwn(_ path: String) -> Bool {
    ["/sandbox", "/artifacts", "/tmp", "/var", "/run", "/dev", "/proc", "/"].contains { place in
      path == place || (place != "/" && path.hasPrefix(place + "/")) || path.split(separator: "/").contains("..")
    }
  }
}

extension Duration {
  /// Whole milliseconds, rounded down.
  var wholeMilliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}

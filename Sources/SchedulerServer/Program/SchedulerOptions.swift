internal import Executor
internal import SchedulerAccess
internal import SchedulerCore
internal import SystemSupport

/// The start options of a scheduler.
struct SchedulerOptions: Sendable {
  /// The SQLite database, the tokens, the socket, the lock, and one directory per task.
  var stateDirectory: FilePath
  /// Host and port to listen on; port 0 chooses a free one.
  var listenHost = "127.0.0.1"
  var listenPort = 8081
  /// The certificate for TCP; nil for plain HTTP, which only the loopback address gets.
  var tls: ServerCertificate.Source?
  /// Whether everybody who reaches the loopback address can read.
  var isReadingOpen = false
  var cluster = "devcluster"
  /// The artifact repository; nil accepts no job that names an artifact.
  var repository: String?
  var executor: FilePath
  var pexRunner: FilePath
  /// How many executors wait for tasks, started ahead of them.
  var spareExecutors = 0
  /// Ports that are allotted to tasks.
  var portRange = 31000...32000
  var controlGroupParent = "kilt"
  var isolation = Isolation.auto
  /// Directories of the host that sandboxes can read but not write, besides the system's.
  var readOnly: [String] = []
  /// Directories in front of `PATH` in sandboxes.
  var path: [String] = []
  /// Tasks of a role that is not a user of this host run as `nobody`.
  var allowsMissingUser = false
  /// Users with the ID 0 that tasks can run as, by name.
  var allowedRoots: [String] = []
  /// Whether SIGTERM ends the tasks too, instead of leaving them to the next scheduler.
  var stopsTasksOnExit = false

  /// What folders of ended tasks may take together, in bytes; nil is a fifth of the disk.
  var historyBytes: Int?
  /// Below this many free bytes (or a twentieth of the disk) folders of ended tasks are removed at once.
  var reserveBytes = 1 << 30
  /// What constraints of jobs may ask of this host.
  var attributes: [String: String] = [:]
  /// The Docker Swarm in which tasks run; nil runs them on this machine.
  var swarm: SwarmSettings?
  /// How long it waits for them before it kills them.
  var stopPatience: Duration = .seconds(120)
  /// How long it then waits for what it has killed.
  static let killPatience: Duration = .seconds(15)
  /// What may run here.
  var clusterPolicy = ClusterPolicy()
  /// Where metrics are sent.
  var monitoring = MonitoringSettings()
  /// The state machine's constants.
  var policy = SchedulerPolicy()

  var isLoopback: Bool { LoopbackAddress.isLoopback(listenHost) }
  /// The name of the one host that tasks run on; nil where there are several.
  var ownHostname: String? { swarm == nil ? HostFacts.hostname : nil }
  /// The addresses of ZooKeeper, for executors; they follow changes of the file.
  var zooKeeperFile: FilePath { stateDirectory.appending("zookeeper.json") }
  var tasksDirectory: FilePath { stateDirectory.appending("tasks") }
}

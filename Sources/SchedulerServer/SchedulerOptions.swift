internal import Executor
internal import SchedulerAccess
internal import SchedulerCore
internal import SystemSupport

/// How a scheduler is started.
struct SchedulerOptions: Sendable {
  /// The SQLite database, the tokens, the socket, the lock, and a folder a task.
  var stateDirectory: FilePath
  /// Host and port to listen on; port 0 takes a free one.
  var listenHost = "127.0.0.1"
  var listenPort = 8081
  /// The certificate for TCP; nil for plain HTTP, which only the loopback address gets.
  var tls: ServerCertificate.Source?
  /// Whether everybody who reaches the loopback address may read.
  var isReadingOpen = false
  var cluster = "devcluster"
  /// Where artifacts come from; nil accepts no job that names one.
  var repository: String?
  var executor: FilePath
  var pexRunner: FilePath
  /// Ports that are allotted to tasks.
  var portRange = 31000...32000
  var controlGroupParent = "kilt"
  var isolation = Isolation.auto
  /// Folders of the host that sandboxes see, read-only, besides the system's.
  var readOnly: [String] = []
  /// Folders put in front of `PATH` in sandboxes.
  var path: [String] = []
  /// Tasks of a role that is no user of this host run as `nobody`.
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
  /// How long it waits for them.
  var stopPatience: Duration = .seconds(120)
  /// What may run here.
  var clusterPolicy = ClusterPolicy()
  /// Where metrics are sent.
  var monitoring = MonitoringSettings()
  /// The state machine's constants.
  var policy = SchedulerPolicy()

  var isLoopback: Bool { LoopbackAddress.isLoopback(listenHost) }
  /// The name of the one host that tasks run on; nil where there are several.
  var ownHostname: String? { swarm == nil ? HostFacts.hostname : nil }
  /// Where ZooKeeper is, for executors; they follow changes of the file.
  var zooKeeperFile: FilePath { stateDirectory.appending("zookeeper.json") }
  var tasksDirectory: FilePath { stateDirectory.appending("tasks") }
}

internal import SystemSupport

/// How a scheduler is started.
struct SchedulerOptions: Sendable {
  /// The SQLite database, the token, the lock, and a folder a task.
  var stateDirectory: FilePath
  /// Host and port to listen on; port 0 takes a free one.
  var listenHost = "127.0.0.1"
  var listenPort = 8081
  var cluster = "devcluster"
  /// Where artifacts come from; nil accepts no job that names one.
  var repository: String?
  var executor: FilePath
  var pexRunner: FilePath
  /// Ports that are allotted to tasks.
  var portRange = 31000...32000
  var controlGroupParent = "kilt"
  var isolation = "auto"
  /// Folders of the host that sandboxes see, read-only, besides the system's.
  var readOnly: [String] = []
  /// Folders put in front of `PATH` in sandboxes.
  var path: [String] = []
  /// Tasks of a role that is no user of this host run as `nobody`.
  var allowsMissingUser = false
  /// Whether SIGTERM ends the tasks too, instead of leaving them to the next scheduler.
  var stopsTasksOnExit = false

  var isLoopback: Bool { listenHost == "localhost" || listenHost == "::1" || listenHost.hasPrefix("127.") }
  var tasksDirectory: FilePath { stateDirectory.appending("tasks") }
}

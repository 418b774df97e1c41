internal import SystemSupport

/// The destinations of this host's services besides the API: the table `[discovery]` of the file of `--config`.
struct DiscoverySettings: Sendable, Hashable {
  /// The file that the scheduler keeps in the form of Prometheus' `file_sd_configs`.
  var file: FilePath?
  /// The name of the port in that file; nil for the primary port.
  var filePort: String?
  /// The ensemble, `host:port,…`, in which executors announce their tasks.
  var zooKeeper: String?
  /// The node above all ServerSets.
  var zooKeeperRoot = "/aurora"
  /// Credentials and access rules in Aurora's form.
  var zooKeeperAuthentication: FilePath?
}

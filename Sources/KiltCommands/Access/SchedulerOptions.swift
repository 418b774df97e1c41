internal import ArgumentParser
internal import Diagnostics
internal import SchedulerAccess
internal import SchedulerClient
internal import SystemSupport
internal import Workspace

/// The options by which commands without a job name a scheduler.
struct SchedulerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Address of the scheduler: unix:PATH, http://HOST:PORT or https://HOST:PORT. Default: KILT_SCHEDULER, or the "
        + "first cluster of kilt.toml.", valueName: "address"))
  var scheduler: String?

  @Option(help: .stateDirectory)
  var stateDirectory: String?

  /// Whether an option names a scheduler.
  var isNamed: Bool { scheduler != nil || stateDirectory != nil }

  func client(_ global: GlobalOptions) throws -> SchedulerClient {
    let directory = try global.workingDirectory
    if let stateDirectory {
      let state = directory.pushing(FilePath(stateDirectory))
      let socket = SocketDirectory.path(inState: state).appending(SocketDirectory.socketName)
      return try SchedulerClient(address: "unix:\(socket)", origin: .user)
    }
    if let address = scheduler ?? environmentVariable("KILT_SCHEDULER"), !address.isEmpty {
      return try SchedulerClient(address: address, origin: .user)
    }
    guard FileSystem.exists(directory), let cluster = try Workspace.find(from: directory).configuration.clusters.first
    else {
      throw Diagnostic(
        .input, "no scheduler was named", remedies: ["name one: --scheduler ADDRESS or --state-directory PATH"])
    }
    return try SchedulerClient(address: cluster.scheduler, origin: .workspace)
  }
}

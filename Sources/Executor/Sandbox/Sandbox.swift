import Glibc
import JobModel

/// The environment of a task's processes: creates the command that starts a process in it.
///
/// Each process run has its own sandbox instance (for bubblewrap: its own namespaces) over the one directory that the
/// task's processes share. So the end of a run ends everything that it started, including detached children. The price:
/// processes of one task do not see each other's process IDs and shared memory; they communicate by the network, files,
/// and sockets in the sandbox or /tmp.
protocol Sandbox {
  /// The sandbox directory as the processes see it.
  var home: String { get }
  /// The path of the artifacts' directory for the processes, read-only; nil if they need their own copies.
  var artifacts: String? { get }
  /// The path of `pex-runner` for the processes; nil for tasks that do not name it.
  var runner: String? { get }
  /// The path of the secrets' directory for the processes; nil for a task without secrets.
  var secrets: String? { get }
  /// The directory for temporary files as the processes see it.
  var temporary: String { get }
  /// The missing protections of the sandbox, for the record.
  var warnings: [String] { get }
  /// The command that starts a command, its program's path first.
  func launch(_ command: [String], environment: [String: String], hasTerminal: Bool) throws(ExecutorError) -> Launch
}

/// A command that starts one process in its sandbox.
struct Launch {
  /// The program to execute: bubblewrap, or `kilt-init` itself.
  var program: String
  /// Its arguments, its name first.
  var arguments: [String]
  /// Its open descriptors, by number.
  var descriptors: [Int32: OwnedDescriptor]
  var channel: RunChannel
  /// The directory of the control group in which it begins; nil for the executor's own.
  var group: OwnedDescriptor?
  /// Whether the child's death ends everything that it has started.
  var isContained: Bool
}

/// The user that a task runs as.
struct TaskUser: Hashable {
  var name: String
  var id: UInt32
  var group: UInt32
}

/// The inputs of a sandbox.
struct SandboxSettings {
  /// The task directory's parts on the host.
  var paths: TaskPaths
  var user: TaskUser
  /// The groups of the user in the host's database, its own first.
  var groups: [UInt32]
  /// Whether this executor is root, and so can become another user.
  var isRoot: Bool
  /// Directories of the host to show, read-only, at their own place.
  var readOnly: [String]
  /// Directories of the host that the task sees.
  var volumes: [Volume] = []
  /// The directory with the task's secrets, on the host.
  var secrets: String?
  /// The program `pex-runner` of the host, for tasks whose command lines name it.
  var runner: String?
  /// The control group and limits of each process before it runs anything.
  var memberFiles: [String] = []
  /// The control group in which a sandbox begins; see ``ControlGroup/startGroup``.
  var startGroup: String?
  /// Limits of each process, where no control group can limit the task.
  var fallbackLimits: ControlGroupLimits?
  /// Bytes that files in `/dev/shm` of one run take at most; 0 is no limit.
  var sharedMemory: Int
  /// The program `kilt-init`, open.
  var initProgram: OwnedDescriptor
  /// The system call filter, as the kernel takes it.
  var filter: [UInt8]
  /// Rules that keep processes from the ports of other tasks, where the control group does not.
  private(set) var portRules: OwnedDescriptor?

  init(
    paths: TaskPaths, user: TaskUser, isRoot: Bool = getuid() == 0, readOnly: [String] = [], sharedMemory: Int
  ) throws(ExecutorError) {
    self.paths = paths
    self.user = user
    groups = user.allGroups
    self.isRoot = isRoot
    self.readOnly = readOnly
    self.sharedMemory = sharedMemory
    initProgram = try RunInit.open()
    filter = try SystemCallFilter.program()
  }

  /// Keeps processes from the TCP ports of other tasks, without a control group and without root.
  mutating func guardPorts(_ range: ClosedRange<Int>, own: [Int]) throws(ExecutorError) {
    portRules = try PortGuard.rules(range, own: own)
    filter = try SystemCallFilter.program(refusesOtherStreams: true)
  }

  /// The shell that runs command lines: bash, as Aurora has it, or sh where there is none.
  var shell: String { SmallFile.exists("/bin/bash") ? "/bin/bash" : "/bin/sh" }

  /// Joins the groups of a task that runs, by their directories; see ``ControlGroup``.
  mutating func join(_ directories: [String]) {
    let limiting = directories.filter { SmallFile.exists($0 + "/tasks") }
    memberFiles = limiting.isEmpty ? directories.map { $0 + "/cgroup.procs" } : limiting.map { $0 + "/tasks" }
    if !limiting.isEmpty { startGroup = directories.first { !limiting.contains($0) } }
  }

  func openStartGroup() throws(ExecutorError) -> OwnedDescriptor? {
    guard let startGroup else { return nil }
    return try .open(startGroup, O_RDONLY | O_DIRECTORY)
  }

  /// The command that runs a command line.
  func shellCommand(_ line: String) -> [String] { [shell, "-c", line] }
}

/// Where the processes of a task run: makes the command that starts one there.
///
/// Each process run has a sandbox instance of its own (for bubblewrap: its own namespaces) over the one directory that
/// the task's processes share. So the end of a run is the end of everything it started, whatever it forked and however
/// it detached, and no inner init is needed that would have to be told what to start. The price: processes of one task
/// do not see each other's pids and shared memory; they talk by the network, files, and sockets in the sandbox or /tmp.
protocol Sandbox {
  /// The sandbox directory as the processes see it.
  var home: String { get }
  /// Where the processes see the directory of artifacts, read-only; nil when they need copies of their own.
  var artifacts: String? { get }
  /// The directory for temporary files as the processes see it.
  var temporary: String { get }
  /// What makes the sandbox less than was asked for, for the record.
  var warnings: [String] { get }
  /// How to start a command line. `label` names the run in file names.
  func launch(cmdline: String, environment: [String: String], label: String) throws(ExecutorError) -> Launch
}

/// A command that starts one process in its sandbox.
struct Launch {
  /// What `kilt-executor enter` does before it becomes the program.
  var entry: Entry
  /// The program and its arguments, outermost first: bubblewrap, or the shell itself.
  var arguments: [String]
  /// Where bubblewrap tells that the command was started, and how it ended; nil without it.
  var statusFile: String?
}

/// The user that a task runs as.
struct TaskUser: Hashable {
  var name: String
  var id: UInt32
  var group: UInt32
}

/// What a sandbox is made of.
struct SandboxSettings {
  /// The task directory's parts on the host.
  var paths: TaskPaths
  var user: TaskUser
  /// Whether this executor is root, and so may become another user.
  var isRoot: Bool
  /// Directories of the host to show, read-only, at their own place.
  var readOnly: [String] = []
  /// What each process joins and is limited by before it runs anything.
  var memberFiles: [String] = []
  /// Limits of each process, where no control group can limit the task.
  var fallbackLimits: ControlGroupLimits?

  /// The shell that runs command lines: bash, as Aurora has it, or sh where there is none.
  var shell: String { SmallFile.exists("/bin/bash") ? "/bin/bash" : "/bin/sh" }
}

import CSystemShims
import Glibc
import JSON
import JobModel
import SystemSupport

/// `kilt-executor exec --task-directory DIR -- COMMAND ARGUMENTS…`: runs a command beside the processes of a task that
/// runs: same directories, user, environment, filter, and limits, for it joins the task's control group.
///
/// It is a sandbox instance of its own, as every run is, so it does not see the task's processes. Standard input,
/// output and error are the caller's.
struct TaskCommand {
  var directory: TaskDirectory
  var command: [String]

  init(parsing arguments: [String]) throws(ExecutorError) {
    guard arguments.count >= 4, arguments[0] == "--task-directory", arguments[2] == "--" else {
      throw .usage("use: kilt-executor exec --task-directory DIR -- COMMAND ARGUMENTS…")
    }
    directory = TaskDirectory(arguments[1])
    command = Array(arguments.dropFirst(3))
  }

  /// Runs the command to its end and returns its exit code, 128 and the number for a signal.
  func run() throws(ExecutorError) -> Int32 {
    let paths = directory.paths
    let assignment = try directory.assignment()
    guard try directory.executorProcess() != nil, let text = SmallFile.read(paths.options),
      let groups = SmallFile.read(paths.controlGroups)
    else { throw .notRunning(task: assignment.taskID.rawValue) }
    var options: ExecutorOptions
    do {
      options = try ExecutorOptions(parsing: Array((JSONValue(parsing: text).strings ?? []).dropFirst()))
    } catch {
      throw .badAssignment(path: paths.options, problem: "\(error)")
    }
    options.taskDirectory = paths.directory
    let task = assignment.configuration.task
    let user = try TaskUser.forTask(
      task.user ?? assignment.configuration.key.role, allowsMissing: options.allowsMissingUser
    ).user
    var settings = SandboxSettings(paths: paths, user: user, isRoot: getuid() == 0, readOnly: options.readOnly)
    settings.memberFiles = groups.split(separator: "\n").map { $0 + "/cgroup.procs" }
    if settings.memberFiles.isEmpty { settings.fallbackLimits = ControlGroupLimits(task.resources) }
    let sandbox = try SandboxChoice.make(options.isolation, settings: settings)
    let environment = TaskEnvironment.variables(
      for: assignment, user: user.name, home: sandbox.home, temporary: sandbox.temporary, path: options.path,
      shell: settings.shell)
    let line = "exec " + command.map(TaskRunner.quoted).joined(separator: " ")
    let label = ".exec.\(getpid())"
    defer { for suffix in ["options", "status", "environment"] { unlink("\(paths.run)/\(label).\(suffix)") } }
    let launch = try sandbox.launch(cmdline: line, environment: environment, label: label)
    return try wait(for: spawn(launch))
  }

  private func spawn(_ launch: Launch) throws(ExecutorError) -> Int32 {
    var id: pid_t = 0
    // In the caller's session, so that its terminal's interrupt reaches the command.
    var options = kilt_spawn_options(
      standard_input: 0, standard_output: 1, standard_error: 2, working_directory: nil, new_session: 0)
    let program = "/proc/self/exe"
    let arguments = [program, "enter"] + launch.entry.arguments(parent: getpid(), program: launch.arguments)
    let code = withCStrings(arguments) { arguments in
      withCStrings(["PATH=" + TaskEnvironment.usualPath.joined(separator: ":")]) { environment in
        kilt_spawn(&id, program, arguments, environment, &options)
      }
    }
    guard code == 0 else { throw .system(call: "posix_spawn", path: program, code: code) }
    return id
  }

  private func wait(for id: Int32) throws(ExecutorError) -> Int32 {
    var status: Int32 = 0
    while waitpid(id, &status, 0) < 0 { guard errno == EINTR else { throw .last("waitpid", "\(id)") } }
    switch ExitStatus(wait: status) {
    case .exited(let code): return code
    case .signalled(let signal): return 128 + signal
    }
  }
}

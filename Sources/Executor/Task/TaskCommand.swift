import Glibc
import JSON
import JobModel
import SystemSupport

/// `kilt-executor exec --task-directory DIR [--terminal] -- COMMAND ARGUMENTS…`: runs a command beside the processes of
/// a task that runs: same directories, user, environment, filter, and limits, for it joins the task's control group.
///
/// It is a sandbox instance of its own, as every run is, so it does not see the task's processes. Standard input,
/// output and error are the caller's, or a terminal that is relayed to them.
struct TaskCommand {
  var directory: TaskDirectory
  var command: [String]
  var hasTerminal = false

  init(parsing arguments: [String]) throws(ExecutorError) {
    var path: String?
    var rest = arguments[...]
    while let option = rest.popFirst(), option != "--" {
      switch option {
      case "--terminal": hasTerminal = true
      case "--task-directory": path = rest.popFirst()
      default: throw .usage("unknown option \"\(option)\" of kilt-executor exec")
      }
    }
    guard let path, !rest.isEmpty else {
      throw .usage("kilt-executor exec needs a directory and a command: --task-directory DIR -- COMMAND ARGUMENTS…")
    }
    directory = TaskDirectory(path)
    command = Array(rest)
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
    let role = task.user ?? assignment.configuration.key.role
    let user =
      options.isContained
      ? TaskUser.ofContainer(named: role).user
      : try TaskUser.forTask(role, allowsMissing: options.allowsMissingUser, allowedRoots: options.allowedRoots).user
    var settings = try SandboxSettings(
      paths: paths, user: user, readOnly: options.readOnly, sharedMemory: task.resources.ram)
    settings.join(groups.split(separator: "\n").map(String.init))
    if settings.memberFiles.isEmpty, !options.isContained {
      settings.fallbackLimits = ControlGroupLimits(task.resources)
    }
    // The rules of a control group hold for whoever joins it; Landlock's are each process's own.
    if let range = options.portRange, PortGuard.hasLandlock {
      try settings.guardPorts(range, own: Array(assignment.ports.values))
    }
    settings.volumes = task.volumes
    if !task.secrets.isEmpty {
      settings.secrets = TaskSecrets.path(of: assignment.taskID.rawValue, isRoot: settings.isRoot)
    }
    let sandbox = try SandboxChoice.make(options.isolation, settings: settings)
    let environment = try TaskEnvironment.variables(
      for: assignment, user: user.name, home: sandbox.home, temporary: sandbox.temporary, secrets: sandbox.secrets,
      path: options.path, shell: settings.shell
    ).merging(hasTerminal ? ["TERM": Self.terminalType] : [:]) { _, new in new }
    let line = "exec " + command.map(TaskRunner.quoted).joined(separator: " ")
    let launch = try sandbox.launch(settings.shellCommand(line), environment: environment, hasTerminal: hasTerminal)
    let children = ChildProcesses()
    let run: StartedRun
    let status: ExitStatus
    if hasTerminal {
      let terminal = try Terminal()
      let end = terminal.commandEnd?.number ?? -1
      var ended: ExitStatus?
      let id = try children.start(launch, output: end, errors: end, input: end) { _, status in ended = status }
      run = StartedRun(id: id, launch: launch)
      try terminal.relay(children: children) { ended != nil }
      status = ended ?? .signalled(SIGTERM)
    } else {
      let id = try children.start(launch, output: 1, errors: 2, input: 0) { _, _ in }
      run = StartedRun(id: id, launch: launch)
      status = try wait(for: id)
    }
    run.update()
    if let problem = run.problem { throw .sandboxRefused(problem) }
    switch run.ending ?? status {
    case .exited(let code): return code
    case .signalled(let signal): return 128 + signal
    }
  }

  private func wait(for id: Int32) throws(ExecutorError) -> ExitStatus {
    var status: Int32 = 0
    while waitpid(id, &status, 0) < 0 { guard errno == EINTR else { throw .last("waitpid", "\(id)") } }
    return ExitStatus(wait: status)
  }

  /// The name of the caller's terminal, for programs that move the cursor.
  private static var terminalType: String { getenv("TERM").map { String(cString: $0) } ?? "xterm" }
}

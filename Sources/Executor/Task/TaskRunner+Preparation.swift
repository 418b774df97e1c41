import Diagnostics
import Glibc
import JSON
import JobModel
import SystemSupport

extension TaskRunner {
  /// Creates the directories, the control group and the sandbox, and binds the command lines.
  func prepare() throws(ExecutorError) {
    makeDisk()
    for path in [paths.sandbox, paths.temporary, paths.logs, paths.artifacts, paths.run] {
      if mkdir(path, 0o700) != 0, errno != EEXIST { throw .last("mkdir", path) }
    }
    // Regardless of the umask. The role's user reads artifacts; the directory above excludes all others.
    for (path, mode) in [(paths.temporary, mode_t(0o1777)), (paths.artifacts, 0o755)] {
      guard chmod(path, mode) == 0 else { throw .last("chmod", path) }
    }
    if settings.isRoot {
      for path in [paths.sandbox, paths.temporary] {
        guard chown(path, settings.user.id, settings.user.group) == 0 else { throw .last("chown", path) }
      }
    }
    for process in task.processes { cmdlines[process.name] = try bind(process.cmdline) }
    for path in options.readOnly where !SmallFile.exists(path) { throw .system(call: "open", path: path, code: ENOENT) }
    try PrivateFile.write(JSONValue.strings(options.arguments).text(), to: paths.options)
    makeControlGroup()
    settings.volumes = task.volumes
    // One mount more is a part of each start that few tasks need.
    if task.processes.contains(where: { $0.cmdline.contains("KILT_RUNNER") }) {
      settings.runner = Subprocess.find(options.pexRunner)?.string
    }
    try makeSecrets()
    try makeStepFiles()
    let made = try SandboxChoice.make(options.isolation, settings: settings)
    sandbox = made
    warnings += made.warnings
    if made.artifacts == nil, settings.isRoot, settings.user.id != 0 {
      // The role's user reaches its working directory by its real path: it may pass, and still not look around.
      guard chmod(paths.directory, 0o711) == 0 else { throw .last("chmod", paths.directory) }
    }
    environment = try TaskEnvironment.variables(
      for: assignment, user: settings.user.name, home: made.home, temporary: made.temporary, secrets: made.secrets,
      runner: made.runner, path: options.path, shell: settings.shell)
    if let step {
      environment.merge(step.environment(home: made.home, artifact: task.artifacts.first)) { $1 }
    }
    fetch.waiting = task.artifacts
  }

  /// Puts the task's secrets into memory.
  private func makeSecrets() throws(ExecutorError) {
    guard !task.secrets.isEmpty else { return }
    let source: TaskSecrets.Source
    if let directory = options.secretsDirectory {
      source = .directory(directory)
    } else if !options.secretsCommand.isEmpty {
      source = .command(options.secretsCommand)
    } else {
      throw .usage("the task needs secrets, and this host has none to give")
    }
    let made = try TaskSecrets.make(
      task.secrets, from: source, task: assignment.taskID.rawValue, user: settings.user, isRoot: settings.isRoot)
    secrets = made
    settings.secrets = made.path
  }

  /// A text with its late variables replaced.
  func bind(_ text: String) throws(ExecutorError) -> String {
    do {
      return try LateBinding.bind(text, for: assignment)
    } catch {
      throw .badAssignment(path: paths.assignment, problem: "\(error)")
    }
  }

  /// Makes the task's own file system, where that is possible.
  private func makeDisk() {
    guard !options.isContained, settings.isRoot, task.resources.disk > 0, !SmallFile.exists(paths.sandbox) else {
      return
    }
    do throws(ExecutorError) {
      volume = try TaskVolume.make(paths, size: task.resources.disk)
    } catch {
      warnings.append("no file system of the task's own: \(Self.text(error))")
    }
  }

  private func makeControlGroup() {
    // The container is the task's group.
    if options.isContained {
      do throws(ExecutorError) { try PrivateFile.write("", to: paths.controlGroups) } catch {
        lastProblem = Self.text(error)
      }
      return
    }
    var limits = ControlGroupLimits(task.resources)
    // Files in memory are counted as memory of the task: what the disk may hold comes on top.
    if limits.memory > 0, volume?.kind == .memory { limits.memory += task.resources.disk }
    do throws(ExecutorError) {
      let made = try ControlGroups.current().makeGroup(
        named: assignment.taskID.rawValue, parent: options.controlGroupParent, limits: limits)
      group = made
      settings.memberFiles = made.memberFiles
      settings.startGroup = made.startGroup
      // For whoever has to clean up after an executor that was killed.
      try PrivateFile.write(made.directories.joined(separator: "\n") + "\n", to: paths.controlGroups)
    } catch {
      settings.fallbackLimits = limits
      do throws(ExecutorError) { try PrivateFile.write("", to: paths.controlGroups) } catch {
        lastProblem = Self.text(error)
      }
      warnings.append(
        "no control group (\(error.diagnostic.summary)): memory and processes are limited for each process alone, CPU not"
      )
    }
    guardPorts()
  }

  /// By the control group where it can, by Landlock elsewhere.
  private func guardPorts() {
    guard let range = options.portRange else { return }
    let own = Array(assignment.ports.values)
    var problem = "it has no control group, and the kernel has no Landlock"
    if let group {
      do throws(ExecutorError) { return try group.guardPorts(range, own: own) } catch {
        problem =
          settings.isRoot ? error.diagnostic.summary : "the executor is not root, and the kernel has no Landlock"
      }
    }
    do throws(ExecutorError) {
      if PortGuard.hasLandlock { return try settings.guardPorts(range, own: own) }
    } catch {
      problem = error.diagnostic.summary
    }
    warnings.append(PortGuard.text(problem))
  }

  /// The artifacts are there: lets the processes start.
  func begin() {
    let now = Monotonic.now()
    phase = .active
    sampling.next = now
    if group != nil { quotaDue = now + Self.startAllowance }
    if let configuration = assignment.configuration.healthCheck {
      health.monitor = HealthMonitor(configuration, startedAt: now)
      health.next = now + HealthMonitor(configuration, startedAt: now).delay(at: now)
      // Warnings are for people; the state is the same.
      if !warnings.isEmpty { report(.starting, warnings.joined(separator: "; ")) }
    }
    startReady(at: now)
    if assignment.configuration.healthCheck == nil {
      report(.running, warnings.isEmpty ? nil : warnings.joined(separator: "; "))
    }
  }
}

/// Picks the sandbox that the options ask for and the machine allows.
enum SandboxChoice {
  static func make(_ isolation: Isolation, settings: SandboxSettings) throws(ExecutorError) -> any Sandbox {
    if isolation == .none {
      try checkVolumes(settings)
      return UnisolatedSandbox(settings: settings, reason: nil)
    }
    do throws(ExecutorError) {
      guard let program = Subprocess.find("bwrap")?.string else {
        throw .missingProgram(name: "bwrap", package: "bubblewrap")
      }
      let sandbox = BubblewrapSandbox(settings: settings, program: program)
      if isolation == .auto { try check(program, isRoot: settings.isRoot) }
      return sandbox
    } catch {
      if isolation == .bubblewrap { throw error }
      try checkVolumes(settings)
      return UnisolatedSandbox(settings: settings, reason: error.diagnostic.summary)
    }
  }

  /// Without namespaces a directory of the host cannot be shown at another place.
  private static func checkVolumes(_ settings: SandboxSettings) throws(ExecutorError) {
    for volume in settings.volumes where volume.absolutePlace != volume.hostPath {
      throw .usage("the volume \(volume.description) needs bubblewrap, which this host does not offer")
    }
  }

  /// Whether namespaces can be created here: containers and hardened hosts can refuse.
  static func check(_ program: String, isRoot: Bool) throws(ExecutorError) {
    var arguments = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--ro-bind", "/", "/", "--proc", "/proc"]
    if !isRoot { arguments.append("--unshare-user") }
    let command = Subprocess(program, arguments + ["--", "/bin/true"], environment: [])
    let outcome: Subprocess.Outcome
    do throws(SystemCallError) { outcome = try command.run() } catch { throw ExecutorError(error, path: program) }
    guard outcome.termination.isSuccess else { throw .sandboxRefused(outcome.errorText) }
  }
}

/// Tells whether this machine can isolate tasks.
public enum IsolationCheck {
  public static func isPossible() -> Bool {
    guard let program = Subprocess.find("bwrap")?.string else { return false }
    do throws(ExecutorError) {
      try SandboxChoice.check(program, isRoot: getuid() == 0)
      return true
    } catch {
      // The executor of the next task meets the same and says why.
      return false
    }
  }
}

// Executor: runs one task. Its process graph, its sandbox and limits, its logs and health checks, and the checkpoint
// that reports all events to readers. `kilt-executor` is this file's entry point and nothing else.

import Diagnostics
import Glibc
import JSON
public import JobModel
import SystemSupport

/// The command `kilt-executor`.
public enum ExecutorCommand {
  /// Runs with the arguments after the program's name, and returns the exit code: 0 for a task that finished or was
  /// killed on request, 1 for one that failed, otherwise the code of the error.
  public static func run(arguments: [String]) -> Int32 {
    claimStandardDescriptors()
    do {
      switch arguments.first {
      case "run":
        let status = try runTask(ExecutorOptions(parsing: Array(arguments.dropFirst())))
        return status == .failed ? 1 : 0
      case "spare":
        guard let status = try SpareExecutor.run() else { return 0 }
        return status == .failed ? 1 : 0
      case "join":
        return try RemoteExecutor(parsing: Array(arguments.dropFirst())).run()
      case "exec":
        return try TaskCommand(parsing: Array(arguments.dropFirst())).run()
      case "--version":
        try answer("kilt-executor \(kiltVersion)\n")
        return 0
      case "--help", "-h", "help":
        try answer(help)
        return 0
      default: throw ExecutorError.usage("kilt-executor needs a command: run, spare, exec, join, --help or --version")
      }
    } catch {
      writeText(DiagnosticRenderer(color: isTerminal(STDERR_FILENO)).render(error) + "\n", to: STDERR_FILENO)
      return DiagnosticRenderer.exitCode(for: error)
    }
  }

  /// Writes the requested text to the standard output.
  private static func answer(_ text: String) throws {
    writeText(text, to: STDOUT_FILENO)
    if let failure = standardOutputFailure() {
      throw Diagnostic.unwritableOutput("\(failure)", isFull: failure == .noSpace)
    }
  }

  /// Runs the task of a directory to its end. One that has ended already is left as it is.
  public static func runTask(_ options: ExecutorOptions) throws(ExecutorError) -> TaskStatus {
    try runTask(options, signals: installSignals())
  }

  /// Has signals arrive as bytes in a pipe, whose end to read it returns. First of all: a stop asked for early must not be
  /// this process's death.
  static func installSignals() throws(ExecutorError) -> Int32 {
    let signals = try SignalPipe.install([SIGTERM, SIGINT, SIGCHLD, SIGUSR1])
    SignalPipe.ignore(SIGPIPE)
    SignalPipe.ignore(SIGHUP)
    return signals
  }

  static func runTask(_ options: ExecutorOptions, signals: Int32) throws(ExecutorError) -> TaskStatus {
    umask(0o022)
    let directory = TaskDirectory(options.taskDirectory)
    let assignment = try directory.assignment()
    let lock = try lock(directory.paths)
    defer { close(lock) }
    var checkpoint = try CheckpointWriter(path: directory.paths.checkpoint)
    if let status = checkpoint.lastStatus, status.isTerminal { return status }
    let started = ProcessTree.member(getpid())?.started
    try PrivateFile.write(ExecutorProcess(id: getpid(), started: started).text, to: directory.paths.processID)
    let hadExecutor = !checkpoint.earlier.isEmpty
    checkpoint.append(.executorStarted(pid: getpid(), startTicks: started))
    if hadExecutor {
      // The processes died with it: there is nothing to take over, and their progress is unknown.
      _ = try directory.killLeftovers(ignoringLock: true)
      checkpoint.append(.taskState(.failed, message: "the executor of this task was killed"))
      checkpoint.sync()
      return .failed
    }
    do throws(ExecutorError) {
      guard ProcessGraph.isFileName(assignment.taskID.rawValue) else {
        throw .badAssignment(path: directory.paths.assignment, problem: "its task id is not a file name")
      }
      return try TaskRunner(options: options, assignment: assignment, checkpoint: checkpoint).run(signals: signals)
    } catch {
      // A task that cannot even begin has an end that can be read.
      checkpoint.append(.taskState(.failed, message: TaskRunner.text(error)))
      checkpoint.sync()
      throw error
    }
  }

  /// Takes the task's lock while this process lives. A process that only checks the lock holds it for a moment, so
  /// there are a few attempts.
  private static func lock(_ paths: TaskPaths) throws(ExecutorError) -> Int32 {
    let descriptor = open(paths.lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw .last("open", paths.lock) }
    for _ in 0..<40 {
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return descriptor }
      guard errno == EWOULDBLOCK || errno == EINTR else { throw .last("flock", paths.lock) }
      usleep(25_000)
    }
    close(descriptor)
    throw .alreadyRunning(directory: paths.directory)
  }

  /// At most 80 columns.
  static let help = """
    OVERVIEW: Run one task of a job, or a command beside it.

    The scheduler starts `kilt-executor run` for each task. The directory holds the
    assignment `task.json`. The records go to `checkpoint`, output to `logs`.
    It starts `kilt-executor spare` ahead of tasks: this command waits for the
    arguments of `run` at a socket, its standard input.
    In a container of a Docker Swarm, `kilt-executor join` gets the assignment
    from the scheduler and reports to it.

    USAGE:
      kilt-executor run --task-directory DIR [OPTIONS]
      kilt-executor exec --task-directory DIR [--terminal] -- COMMAND ARGUMENTS...
      kilt-executor join [--contact FILE] [--task-directory DIR]

    OPTIONS OF RUN:
      --task-directory DIR        Absolute path of the task directory.
      --isolation KIND            Isolation of tasks. One of: auto, bubblewrap,
                                  none. Default: auto.
      --pex-runner PATH           Program pex-runner, which fetches bundles.
      --repository URL            Artifact repository to fetch from.
      --policy FILE               Trust policy besides /etc/kilt/policy.toml.
      --cgroup-parent NAME        Control group of tasks. Default: kilt.
      --allow-missing-user        Run tasks of unknown users as nobody. Without
                                  root, run all tasks as the executor's user.
      --allow-root USER           Run tasks as this user although its user ID is 0.
                                  Repeatable.
      --read-only DIR             Directory that sandboxes see, read-only.
                                  Repeatable.
      --path DIR                  Directory in front of PATH in sandboxes.
                                  Repeatable.
      --port-range FIRST-LAST     Ports for tasks. The task binds only its own.
      --zookeeper FILE            Where ZooKeeper is, for jobs with an announcer.
      --sample-milliseconds N     Time between samples, in ms. Default: 10000.

    OPTIONS OF EXEC:
      --terminal                  Run the command on its own terminal.

    OPTIONS OF JOIN:
      --contact FILE              Secret with address, task and token.
                                  Default: /run/secrets/kilt-task.
      --task-directory DIR        Writable directory. Default: /kilt/task.

    EXAMPLES
      kilt-executor run --task-directory /var/lib/kilt/tasks/web-1
      kilt-executor exec --task-directory /var/lib/kilt/tasks/web-1 -- ls -l
      kilt-executor exec --terminal --task-directory DIR -- bash

    EXIT CODES
      0  the task finished or was killed as asked; exec: the code of the command
      1  the task failed
      2  invalid usage or assignment
      3  the environment does not allow it

    """
}

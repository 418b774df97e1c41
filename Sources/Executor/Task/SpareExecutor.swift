import CSystemShims
import Glibc
import JSON
import JobModel
import SystemSupport

/// An executor that the scheduler starts before there is a task for it. It gets the arguments of `run` in one packet from
/// its standard input, a socket, and is then the executor of that task like any other.
///
/// So loading the program, setting up the language's runtime and loading the user database's modules precede a task's
/// start. Until it has a task it takes no lock and writes nothing. It ends when the scheduler closes the socket, and with
/// the scheduler's death.
public enum SpareExecutor {
  /// The most bytes of arguments that are accepted.
  public static let longestPacket = 64 << 10

  /// Waits for a task and runs it to its end. Returns nil when there was none.
  static func run() throws(ExecutorError) -> TaskStatus? {
    let signals = try ExecutorCommand.installSignals()
    warmUp()
    guard let packet = try nextPacket(signals: signals) else { return nil }
    guard let words = Self.words(packet), words.first == "run" else {
      throw .usage("kilt-executor spare got no arguments of `run`")
    }
    let options = try ExecutorOptions(parsing: Array(words.dropFirst()))
    try replaceStandardStreams(log: TaskPaths(options.taskDirectory).executorLog)
    // Whoever lists processes sees which task this is.
    withCStrings(CommandLine.arguments.prefix(1) + words) { words in
      kilt_show_arguments(Int32(CommandLine.arguments.count), words)
    }
    return try ExecutorCommand.runTask(options, signals: signals)
  }

  private static func words(_ packet: [UInt8]) -> [String]? {
    do { return try JSONValue(parsing: packet).strings } catch { return nil }
  }

  /// The packet that the scheduler sends; nil when there is no scheduler any more, or this process is asked to end.
  private static func nextPacket(signals: Int32) throws(ExecutorError) -> [UInt8]? {
    var isAskedToEnd = false
    while true {
      var bytes = [UInt8](repeating: 0, count: longestPacket)
      let count = recv(STDIN_FILENO, &bytes, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_TRUNC))
      if count > bytes.count { throw .usage("kilt-executor spare got \(count) bytes of arguments") }
      if count > 0 {
        // The order to end was for the task: it has its place in the task's own loop.
        if isAskedToEnd { raise(SIGTERM) }
        return Array(bytes.prefix(count))
      }
      if count == 0 || isAskedToEnd { return nil }
      if errno == EINTR { continue }
      guard errno == EAGAIN else { throw .last("recv", "the scheduler's socket") }
      var polled = [STDIN_FILENO, signals].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      if poll(&polled, 2, -1) < 0, errno != EINTR { throw .last("poll", "the scheduler's socket") }
      let numbers = Pipe.readAvailable(signals) ?? []
      if numbers.contains(where: { Int32($0) == SIGTERM || Int32($0) == SIGINT }) {
        // From here on nothing can be sent; a task that is on its way already is taken.
        isAskedToEnd = true
        shutdown(STDIN_FILENO, Int32(SHUT_RDWR))
      }
    }
  }

  /// The task's log takes the place of the scheduler's streams, and nothing that of its socket.
  private static func replaceStandardStreams(log: String) throws(ExecutorError) {
    let output = try OwnedDescriptor.open(log, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, mode: 0o644)
    let input = try OwnedDescriptor.open("/dev/null", O_RDONLY)
    for (from, to) in [(input, STDIN_FILENO), (output, STDOUT_FILENO), (output, STDERR_FILENO)] {
      guard dup2(from.number, to) == to else { throw .last("dup2", log) }
    }
  }

  /// Does what each task needs once with an example, and drops the results: the C library's modules and the types of the
  /// language's runtime are loaded then. What fails here fails for the task as well, and is said there.
  private static func warmUp() {
    do {
      let key = JobKey(cluster: "example", role: "nobody", stage: "devel", name: "example")
      let task = TaskConfiguration(
        name: "example", processes: [ProcessConfiguration(name: "main", cmdline: "true")],
        resources: Resources(cpu: 1, ram: 1 << 20, disk: 1 << 20))
      let text = TaskAssignment(
        taskID: TaskID("example"), instance: 0, configuration: JobConfiguration(key: key, task: task), ports: [:],
        hostname: "example"
      ).json.text(.pretty)
      let assignment = try TaskAssignment(json: JSONValue(parsing: Array(text.utf8)))
      _ = try ProcessGraph(task: assignment.configuration.task, final: false).ready(at: .zero)
      _ = ControlGroups.current()
      let record = CheckpointRecord.Kind.executorStarted(
        pid: getpid(), startTicks: ProcessTree.member(getpid())?.started)
      _ = CheckpointRecord(sequence: 0, time: Timestamp(milliseconds: 0), kind: record).line
      let user = try TaskUser.named("nobody") ?? TaskUser.current()
      let settings = try SandboxSettings(paths: TaskPaths("/nonexistent"), user: user, sharedMemory: 1 << 20)
      let sandbox = BubblewrapSandbox(settings: settings, program: "bwrap")
      let environment = try TaskEnvironment.variables(
        for: assignment, user: user.name, home: sandbox.home, temporary: sandbox.temporary, secrets: nil, path: [],
        shell: settings.shell)
      _ = try sandbox.launch(settings.shellCommand("true"), environment: environment, hasTerminal: false)
    } catch {
      // As said above.
    }
  }
}

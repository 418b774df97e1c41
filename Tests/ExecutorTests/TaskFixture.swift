import CSystemShims
import Executor
import Glibc
import JobModel
import SystemSupport
import TestServers
import Testing

/// A task in a directory of its own, run by the executor that was built with these tests.
final class TaskFixture {
  let root: String
  let directory: TaskDirectory
  private(set) var executor: Int32 = 0
  private var arguments: [String] = []

  /// Programs that these tests cannot do without.
  static func requirePrograms() throws {
    for (program, package) in [("bwrap", "bubblewrap"), ("setpriv", "util-linux"), ("mke2fs", "e2fsprogs")] {
      try #require(Subprocess.find(program) != nil, "'\(program)' is missing: apt-get install \(package)")
    }
  }

  init() throws {
    try TaskFixture.requirePrograms()
    var template = Array("/tmp/kilt-executor-test.XXXXXX".utf8CString)
    let made = try #require(mkdtemp(&template))
    root = String(cString: made)
    directory = TaskDirectory(root + "/task")
  }

  deinit {
    if executor > 0 {
      kill(executor, SIGKILL)
      var status: Int32 = 0
      waitpid(executor, &status, 0)
    }
    // An executor behind a parent is nobody's child here: it says that the task has ended, and ends itself a moment later.
    do { try endOrphan() } catch { Issue.record("the executor stays: \(error)") }
    do { try directory.killLeftovers() } catch { Issue.record("leftovers: \(error)") }
    do { try directory.remove() } catch { Issue.record("cannot remove the task directory: \(error)") }
    do { try FileSystem.removeTree(FilePath(root)) } catch { Issue.record("cannot clean up: \(error)") }
  }

  /// The executor that stands beside the test program.
  static func executorPath() throws -> String {
    let path = try executablePath().removingLastComponent().appending("kilt-executor").string
    try #require(access(path, X_OK) == 0, "no kilt-executor beside the tests: \(path)")
    return path
  }

  /// Python, found where it really is: a shim on `PATH` would need what the sandbox does not show.
  static func python() throws -> (program: String, readOnly: [String]) {
    let find = Subprocess(
      "python3", ["-c", "import sys; print(sys.executable); print(sys.base_prefix)"], environment: environmentStrings())
    let lines = try find.run().text.split(separator: "\n").map(String.init)
    try #require(lines.count == 2, "'python3' is missing: apt-get install python3")
    let program = try FileSystem.canonicalPath(FilePath(lines[0])).string
    return (program, lines[1].hasPrefix("/usr") ? [] : [lines[1]])
  }

  static func process(
    _ name: String, _ cmdline: String, maxFailures: Int = 1, daemon: Bool = false, ephemeral: Bool = false,
    final: Bool = false, minDuration: Duration = .zero, logger: LoggerConfiguration? = nil
  ) -> ProcessConfiguration {
    ProcessConfiguration(
      name: name, cmdline: cmdline, maxFailures: maxFailures, daemon: daemon, ephemeral: ephemeral,
      minDuration: minDuration, final: final, logger: logger)
  }

  static func task(
    _ processes: [ProcessConfiguration], order: [[String]] = [],
    resources: Resources = Resources(cpu: 1, ram: 256 << 20, disk: 256 << 20, processes: 64), maxFailures: Int = 1,
    maxConcurrency: Int = 0, finalizationWait: Duration = .seconds(5), artifacts: [TaskArtifact] = []
  ) -> TaskConfiguration {
    TaskConfiguration(
      name: "task", processes: processes, constraints: order.map { OrderConstraint(order: $0) }, resources: resources,
      maxFailures: maxFailures, maxConcurrency: maxConcurrency, finalizationWait: finalizationWait, user: "nobody",
      artifacts: artifacts)
  }

  /// Writes the assignment and starts the executor in a session of its own.
  func start(
    _ task: TaskConfiguration, healthCheck: HealthCheckConfiguration? = nil, lifecycle: LifecycleConfiguration? = nil,
    drain: Duration = .zero, announce: Announcer? = nil, ports: [String: Int] = [:],
    options change: (inout ExecutorOptions) -> Void = { _ in },
    behindParent: Bool = false,
    asUser user: String? = nil
  ) throws {
    let key = JobKey(cluster: "test", role: "nobody", stage: "devel", name: "job")
    let configuration = JobConfiguration(
      key: key, task: task, healthCheck: healthCheck, announce: announce, lifecycle: lifecycle, drain: drain)
    let id = "test-\(root.split(separator: ".").last ?? "")"
    try directory.create(
      TaskAssignment(
        taskID: TaskID(id), instance: 3, configuration: configuration, ports: ports, hostname: "testhost"))
    var options = ExecutorOptions(taskDirectory: directory.paths.directory)
    options.controlGroupParent = "kilt-test"
    options.sampleInterval = .milliseconds(100)
    // Where the tests themselves are not root, tasks run as whoever runs the tests.
    options.allowsMissingUser = true
    change(&options)
    arguments = options.arguments
    let program = try TaskFixture.executorPath()
    if let user {
      // The directories are that user's; the build directory may be closed to it, so the program is copied.
      let copy = root + "/kilt-executor"
      try FileSystem.copyFile(FilePath(program), to: FilePath(copy), permissions: 0o755)
      let helper = FilePath(program).removingLastComponent().appending("kilt-init")
      try FileSystem.copyFile(helper, to: FilePath(root + "/kilt-init"), permissions: 0o755)
      let owner = try Subprocess(
        "chown", ["-R", user, root, directory.paths.directory], environment: environmentStrings()
      ).run()
      try #require(owner.termination.isSuccess, "\(owner.errorText)")
      executor = try TaskFixture.spawn(
        "/usr/bin/setpriv", ["--reuid=\(user)", "--regid=65534", "--clear-groups", copy] + arguments)
    } else if behindParent {
      executor = try TaskFixture.spawn("/bin/sh", ["-c", "setsid \"$@\" & wait", "sh", program] + arguments)
    } else {
      executor = try TaskFixture.spawn(program, arguments)
    }
  }

  /// Starts a program in a session of its own.
  private static func spawn(_ program: String, _ arguments: [String]) throws -> Int32 {
    var spawn = kilt_spawn_options(
      standard_input: -1, standard_output: -1, standard_error: 2, working_directory: nil, new_session: 1)
    var id: pid_t = 0
    let code = withCStrings([program] + arguments) { arguments in
      withCStrings(environmentStrings()) { kilt_spawn(&id, program, arguments, $0, &spawn) }
    }
    try #require(code == 0)
    return id
  }

  /// As `start`, but the executor is the child of a shell, which is there to be killed.
  func startBehindParent(_ task: TaskConfiguration) throws {
    try start(task, behindParent: true)
  }

  /// Kills that shell without a word.
  func killParent() throws { try killExecutor() }

  /// Kills what was started with SIGKILL and reaps it.
  func killExecutor() throws {
    var status: Int32 = 0
    try #require(kill(executor, SIGKILL) == 0 && waitpid(executor, &status, 0) == executor)
    executor = 0
  }

  /// Runs another executor on the same directory to its end.
  func restart() throws -> (code: Int32, event: TaskEvent) {
    let id = try TaskFixture.spawn(TaskFixture.executorPath(), arguments)
    var status: Int32 = 0
    try #require(waitpid(id, &status, 0) == id)
    return ((status >> 8) & 0xFF, try #require(try directory.checkpoint()?.lastEvent))
  }

  /// Ends an executor that still lives, and waits until its directory is free.
  private func endOrphan() throws {
    for _ in 0..<6000 {
      switch directory.presence {
      case .gone: return
      case .unknown(let error): throw error
      case .alive: break
      }
      do { try directory.executorProcess()?.send(SIGKILL) } catch {
        // One that has just started has its lock for a moment before it has written its process ID.
      }
      usleep(10_000)
    }
    throw TestFailure()
  }

  /// Waits until an executor that is nobody's child has ended by itself.
  func waitUntilGone() throws {
    for _ in 0..<6000 where directory.presence != .gone { usleep(10_000) }
    try #require(directory.presence == .gone, "the executor stays after the task's end")
  }

  /// Waits for the executor's end and returns the task's last event.
  func finish() throws -> TaskEvent {
    var status: Int32 = 0
    try #require(waitpid(executor, &status, 0) == executor)
    executor = 0
    return try #require(try directory.checkpoint()?.lastEvent)
  }

  func run(
    _ task: TaskConfiguration, options: (inout ExecutorOptions) -> Void = { _ in }
  ) throws -> TaskEvent {
    try start(task, options: options)
    return try finish()
  }

  /// Waits until the checkpoint says something; fails after a minute, which no test needs.
  func wait(for what: String, _ condition: (Checkpoint) -> Bool) throws {
    for _ in 0..<6000 {
      if let checkpoint = try directory.checkpoint(), condition(checkpoint) { return }
      usleep(10_000)
    }
    Issue.record("never happened: \(what)")
    throw TestFailure()
  }

  func waitUntilRunning() throws {
    try wait(for: "the task runs") { $0.lastEvent?.status == .running }
  }

  /// Waits for a file that the task makes.
  func waitForFile(_ name: String) throws {
    for _ in 0..<6000 where access(directory.paths.sandbox + "/" + name, F_OK) != 0 { usleep(10_000) }
    try #require(access(directory.paths.sandbox + "/" + name, F_OK) == 0, "the task never made '\(name)'")
  }

  /// Waits until a file that the task makes has so many lines.
  func waitForLines(_ name: String, _ count: Int) throws {
    for _ in 0..<6000 {
      if access(directory.paths.sandbox + "/" + name, F_OK) == 0,
        try file(name).split(separator: "\n").count >= count
      {
        return
      }
      usleep(10_000)
    }
    Issue.record("'\(name)' never had \(count) lines")
    throw TestFailure()
  }

  func file(_ name: String) throws -> String {
    try FileSystem.readText(FilePath(directory.paths.sandbox + "/" + name))
  }

  func log(_ process: String, _ run: Int = 0, _ stream: String = "stdout") throws -> String {
    try FileSystem.readText(FilePath(directory.paths.log(process: process, run: run, stream: stream)))
  }

  /// The ends of all runs of a process, in order.
  func ends(of process: String) throws -> [ProcessRun] {
    let records = try directory.checkpoint()?.records ?? []
    return records.compactMap { record in
      if case .process(let run) = record.kind, run.name == process, run.status.isTerminal { run } else { nil }
    }
  }

  /// Control groups of this task that still exist.
  func controlGroups() throws -> [String] {
    let list = try FileSystem.readText(FilePath(directory.paths.run + "/control-groups"))
    return list.split(separator: "\n").map(String.init).filter { access($0, F_OK) == 0 }
  }
}

/// Whether a process with this id is there and not a zombie.
func isAlive(_ id: Int32) -> Bool {
  guard let text = try? FileSystem.readText(FilePath("/proc/\(id)/stat")) else { return false }
  return text.split(separator: ")").last?.split(separator: " ").first != "Z"
}

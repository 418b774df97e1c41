internal import Diagnostics
internal import Glibc
internal import JSON
internal import JobModel
internal import Pipelines
internal import SystemSupport

/// The files of one attempt.
struct AttemptDirectory {
  let path: FilePath

  /// `RUN/STEP/PARTITION/ATTEMPT` below the directory of the state; partitions by number, since their names can be any
  /// text.
  init(_ state: FilePath, _ run: PipelineRun, _ key: AttemptKey) {
    path = state.appending(run.id).appending(run.steps[key.partition.step].name)
      .appending(String(key.partition.partition)).appending(String(key.number))
  }

  var input: FilePath { path.appending("input.json") }
  var output: FilePath { path.appending("output.json") }
  var heartbeat: FilePath { path.appending("heartbeat") }
  var log: FilePath { path.appending("log") }
  var work: FilePath { path.appending("work") }
  /// The exit code, written when the command has ended: it outlives this process.
  var exit: FilePath { path.appending("exit") }

  /// How the attempt ended by its files alone; nil when they do not say.
  func recordedEnd() throws(SystemCallError) -> AttemptEnd? {
    guard FileSystem.exists(exit) else { return nil }
    let text = try FileSystem.readText(exit, limit: 100)
    guard let code = Int(text.split(separator: "\n").first ?? "") else { return nil }
    return try end(exitCode: code)
  }

  /// How an attempt with this exit code ended.
  func end(exitCode code: Int) throws(SystemCallError) -> AttemptEnd {
    guard code == 0 else {
      return .failed(exitCode: code, message: code > 128 && code < 160 ? "signal \(code - 128)" : "exit code \(code)")
    }
    guard FileSystem.exists(output) else { return StepContract.end(output: nil) }
    let status = try FileSystem.status(of: output, followingLinks: false)
    guard status.kind == .file else { return .failed(exitCode: 0, message: "the output is not a regular file") }
    guard status.size <= PipelineLimits.output else {
      return .failed(
        exitCode: 0, message: "the output file has \(status.size) bytes; at most \(PipelineLimits.output) are allowed")
    }
    return StepContract.end(output: try FileSystem.read(output, limit: PipelineLimits.output + 1))
  }
}

/// The OS processes of one attempt: a session whose first process is a shell that records the exit code.
struct AttemptProcess {
  let directory: AttemptDirectory
  let pid: pid_t
  /// When it gets SIGKILL; nil before it was asked to end.
  var killAt: UInt64?

  /// The shell that runs the command keeps the exit code in a file, by rename.
  private static let script = """
    (cd -- "$2" && exec /bin/sh -c "$3"); code=$?; echo $code >"$1.new" && mv -- "$1.new" "$1"; exit $code
    """

  init(
    _ directory: AttemptDirectory, command: String, contract: StepContract, environment: [String: String],
    artifact: FilePath?
  ) throws {
    self.directory = directory
    try FileSystem.createDirectories(directory.work)
    let paths = StepContract.Paths(
      input: directory.input.string, output: directory.output.string, heartbeat: directory.heartbeat.string,
      artifact: artifact?.string)
    try FileSystem.write(text: contract.input.text(.pretty) + "\n", to: directory.input)
    var variables = environmentStrings().filter { !$0.hasPrefix("KILT_") && !$0.hasPrefix("PWD=") }
    let own = environment.merging(contract.environment(paths)) { $1 }
    variables.removeAll { entry in own[String(entry.prefix { $0 != "=" })] != nil }
    variables += own.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    let log = try FileSystem.open(directory.log, .writeOnly, options: [.create, .append])
    defer { FileSystem.close(log) }
    pid = try spawnDetached(
      "/bin/sh", ["-c", Self.script, "step", directory.exit.string, directory.work.string, command],
      environment: variables, output: log)
  }

  /// Sends a signal to all of the session.
  func signal(_ number: Int32) { kill(-pid, number) }

  /// The exit code as a shell gives it; nil while it runs.
  func reap() -> Int? {
    var status: Int32 = 0
    guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
    // What the command has left behind does not outlive the attempt.
    signal(SIGKILL)
    return Int(status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F))
  }
}

/// OS processes of attempts whose `kilt` was killed.
enum LeftoverProcesses {
  /// Ends every process of an attempt, and waits until none is left.
  ///
  /// They are known by the path of the attempt's input in their environment. The names of runs do not tell them apart:
  /// another state can have a run with the same name.
  static func end(_ attempt: AttemptDirectory) throws {
    for _ in 0..<200 {
      let found = try pids(attempt)
      if found.isEmpty { return }
      for pid in found { kill(pid, SIGKILL) }
      pauseMilliseconds(20)
    }
    throw Diagnostic(
      .environment, "processes of an earlier attempt do not end",
      remedies: ["end the processes that have KILT_INPUT=\(attempt.input) in their environment"])
  }

  private static func pids(_ attempt: AttemptDirectory) throws -> [pid_t] {
    let wanted = Array("KILT_INPUT=\(attempt.input)".utf8)
    return try FileSystem.list("/proc").compactMap { entry -> pid_t? in
      guard let pid = pid_t(entry.name), pid != getpid() else { return nil }
      let bytes: [UInt8]
      do {
        bytes = try FileSystem.read(FilePath("/proc/\(pid)/environ"), limit: 4 << 20)
      } catch {
        // It has ended, or is another user's.
        return nil
      }
      return bytes.split(separator: 0).contains { $0.elementsEqual(wanted) } ? pid : nil
    }
  }
}

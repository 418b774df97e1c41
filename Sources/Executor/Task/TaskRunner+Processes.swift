import Glibc
import JSON
import JobModel

extension TaskRunner {
  /// Starts every process of the stage that is ready.
  func startReady(at now: Duration) {
    for position in graph.ready(at: now) { start(position, at: now) }
  }

  private func start(_ position: Int, at now: Duration) {
    let process = graph.entries[position].process
    let run = graph.entries[position].runs
    graph.start(position, at: now)
    do throws(ExecutorError) {
      guard let sandbox else { throw .usage("no sandbox") }
      let label = "\(process.name).\(run)"
      let launch = try sandbox.launch(
        cmdline: cmdlines[process.name] ?? process.cmdline, environment: environment, label: label)
      let streams = try openLogs(of: process, run: run)
      defer { for descriptor in streams.ours { close(descriptor) } }
      let id = try start(launch, output: streams.output, errors: streams.errors) { [unowned self] id, status in
        ended(id, status)
      }
      runs[id] = RunningProcess(position: position, name: process.name, run: run, id: id, statusFile: launch.statusFile)
      checkpoint.append(.process(ProcessRun(name: process.name, run: run, status: .running, pid: id)))
    } catch {
      lastProblem = Self.text(error)
      checkpoint.append(.process(ProcessRun(name: process.name, run: run, status: .failed)))
      graph.end(position, succeeded: false)
    }
  }

  /// Starts a command of the sandbox as a child of this process.
  func start(
    _ launch: Launch, output: Int32, errors: Int32, onEnd: @escaping (Int32, ExitStatus) -> Void
  ) throws(ExecutorError) -> Int32 {
    // The child's own view of `/proc/self/exe` is this same program, even after a new version has replaced the file.
    let arguments = ["enter"] + launch.entry.arguments(parent: getpid(), program: launch.arguments)
    let started = StartedChild()
    started.id = try children.start(
      "/proc/self/exe", arguments: arguments, environment: ["PATH=" + TaskEnvironment.usualPath.joined(separator: ":")],
      output: output, errors: errors
    ) { status in onEnd(started.id, status) }
    return started.id
  }

  private func ended(_ id: Int32, _ status: ExitStatus) {
    guard let run = runs.removeValue(forKey: id) else { return }
    var record = ProcessRun(name: run.name, run: run.run, status: .success, pid: id)
    var succeeded = status.isSuccess
    switch status {
    case .exited(let code): record.exitCode = code
    case .signalled(let signal): record.signal = signal
    }
    if let file = run.statusFile, !run.isStopped, !Self.wasStarted(statusFile: file) {
      // Bubblewrap's own failure and that of the command look alike from outside; only its report tells them apart.
      succeeded = false
      let errors = SmallFile.read(paths.log(process: run.name, run: run.run, stream: "stderr")) ?? ""
      lastProblem = "the sandbox of '\(run.name)' could not be set up: \(Self.tail(errors))"
    }
    record.status = succeeded ? .success : run.isStopped ? .killed : .failed
    checkpoint.append(.process(record))
    graph.end(run.position, succeeded: succeeded)
    checkOutOfMemory()
    for suffix in ["options", "status", "environment"] { unlink("\(paths.run)/\(run.name).\(run.run).\(suffix)") }
  }

  /// Whether bubblewrap reports an exit code, and so has started the command.
  private static func wasStarted(statusFile: String) -> Bool {
    for line in (SmallFile.read(statusFile) ?? "").split(separator: "\n") {
      if let value = try? JSONValue(parsing: String(line)), value["exit-code"] != nil { return true }
    }
    return false
  }

  /// Sends a signal to what a run consists of, and says whether anything was there.
  func signal(_ run: RunningProcess, _ number: Int32) -> Bool {
    let tree = ProcessTree.current()
    var members = tree.descendants(of: run.id)
    if run.statusFile == nil {
      if let own = tree.members[run.id] { members.append(own) }
    } else if number != SIGKILL {
      // Bubblewrap and its init would die of the signal and take the processes along; those are meant.
      members.removeAll { $0.parent == run.id }
    } else if let own = tree.members[run.id] {
      members.append(own)
    }
    members.removeAll(where: \.isZombie)
    for member in members { ProcessTree.send(number, to: member) }
    return !members.isEmpty
  }
}

/// The id of a child, known only after the closure that needs it is made.
private final class StartedChild {
  var id: Int32 = 0
}

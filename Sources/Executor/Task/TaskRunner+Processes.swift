import Glibc
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
      let launch = try sandbox.launch(
        settings.shellCommand(cmdlines[process.name] ?? process.cmdline), environment: environment, hasTerminal: false)
      let streams = try openLogs(of: process, run: run)
      defer { for descriptor in streams.ours { close(descriptor) } }
      let id = try children.start(launch, output: streams.output, errors: streams.errors) { [unowned self] id, status in
        ended(id, status)
      }
      runs[id] = RunningProcess(
        position: position, name: process.name, run: run, start: StartedRun(id: id, launch: launch))
      checkpoint.append(.process(ProcessRun(name: process.name, run: run, status: .running, pid: id)))
    } catch {
      lastProblem = Self.text(error)
      checkpoint.append(.process(ProcessRun(name: process.name, run: run, status: .failed)))
      graph.end(position, succeeded: false)
    }
  }

  private func ended(_ id: Int32, _ status: ExitStatus) {
    guard let run = runs.removeValue(forKey: id) else { return }
    run.start.update()
    // The executor's child is the sandbox: its own end is the command's only if nothing else is known.
    let status = run.start.ending ?? status
    var record = ProcessRun(name: run.name, run: run.run, status: .success, pid: id)
    switch status {
    case .exited(let code): record.exitCode = code
    case .signalled(let signal): record.signal = signal
    }
    var succeeded = status.isSuccess
    if !run.isStopped, let problem = setupProblem(of: run) {
      succeeded = false
      lastProblem = "cannot set up the sandbox of \"\(run.name)\": \(problem)"
    }
    record.status = succeeded ? .success : run.isStopped ? .killed : .failed
    if record.status == .failed { lastEnding = Self.describe(status, of: run.name) }
    checkpoint.append(.process(record))
    graph.end(run.position, succeeded: succeeded)
    checkOutOfMemory()
  }

  /// Why a run never came to its command; nil if it did.
  private func setupProblem(of run: RunningProcess) -> String? {
    if let problem = run.start.problem { return problem }
    if run.start.isStarted || run.start.ending != nil { return nil }
    // Bubblewrap's own failure: it says why where the command would have written.
    let log = paths.log(process: run.name, run: run.run, stream: "stderr")
    let errors = Self.tail(String(decoding: SmallFile.bytes(log, limit: 4096) ?? [], as: UTF8.self))
    return errors.isEmpty ? "it ended before its command began" : errors
  }

  /// The end of a run, for people.
  static func describe(_ status: ExitStatus, of process: String) -> String {
    switch status {
    case .exited(let code): "\"\(process)\" exited with code \(code)"
    case .signalled(let signal): "\"\(process)\" was ended by signal \(signal) (\(String(cString: strsignal(signal))))"
    }
  }
}

import CSystemShims
import Diagnostics
import Glibc
import JobModel
import SystemSupport

/// Runs one task from its assignment to its terminal record: one thread, one loop over what can happen.
///
/// `advance` looks at the phase and the facts and does what is due; events only change facts. So the order in which
/// things happen to be noticed does not matter, and every wait has its deadline in `nextDeadline`.
final class TaskRunner {
  let options: ExecutorOptions
  let assignment: TaskAssignment
  /// The step of a pipeline that the task runs; nil for any other task.
  let step: TaskStep?
  let paths: TaskPaths
  let loop = EventLoop()
  let children = ChildProcesses()
  let background: LoopWork<BackgroundResult>
  var checkpoint: CheckpointWriter

  var phase = TaskPhase.fetching
  var ending: TaskEnding?
  var status: TaskStatus?
  /// The stage that runs: the ordinary processes, later the final ones.
  var graph: ProcessGraph
  let finalGraph: ProcessGraph
  /// The command line of each process, bound.
  var cmdlines: [String: String] = [:]
  var environment: [String: String] = [:]
  var settings: SandboxSettings
  var sandbox: (any Sandbox)?
  var group: (any ControlGroup)?
  /// The task's own file system, where this machine can make one.
  var volume: TaskVolume?
  /// When the CPU quota is to be set; nil once it is.
  var quotaDue: Duration?
  /// The runs that have not ended, by the id of the child.
  var runs: [Int32: RunningProcess] = [:]
  var logStreams: [Int32: LogStream] = [:]
  /// Logs that processes write past this executor.
  var directLogs: [DirectLog: LogMarkWriter] = [:]
  /// The last thing that went wrong with starting a process, to explain the task's failure.
  var lastProblem: String?
  /// The end of the last failed run.
  var lastEnding: String?
  var warnings: [String] = []
  /// The task's secrets in memory.
  var secrets: TaskSecrets?

  /// The executor's own environment as it was given: for `pex-runner`, which needs its proxies and credentials.
  let hostEnvironment = environmentStrings()
  var fetch = ArtifactFetch()
  var health = HealthChecking()
  var sampling = Sampling()
  /// The announcement of this task to discovery; nil for a job without an announcer.
  let announcement: Announcement?
  /// What discovery was told last; nil while the task is withdrawn.
  var announced: Announcement?
  /// The task's node in ZooKeeper, where one is configured.
  var serverSet: ServerSetProcess?
  /// How long processes run on after the withdrawal.
  var withdrawalPause = Duration.zero
  /// When it is looked next whether clients are still connected; nil where only the time counts.
  var drainCheck: Duration?

  var task: TaskConfiguration { assignment.configuration.task }

  init(options: ExecutorOptions, assignment: TaskAssignment, checkpoint: CheckpointWriter) throws(ExecutorError) {
    self.options = options
    self.assignment = assignment
    self.checkpoint = checkpoint
    paths = TaskPaths(options.taskDirectory)
    step = try Self.step(TaskPaths(options.taskDirectory))
    announcement = Announcement(of: assignment)
    background = try LoopWork()
    graph = try ProcessGraph(task: assignment.configuration.task, final: false)
    finalGraph = try ProcessGraph(task: assignment.configuration.task, final: true)
    let role = assignment.configuration.task.user ?? assignment.configuration.key.role
    let user =
      options.isContained
      ? TaskUser.ofContainer(named: role)
      : try TaskUser.forTask(role, allowsMissing: options.allowsMissingUser, allowedRoots: options.allowedRoots)
    settings = try SandboxSettings(
      paths: paths, user: user.user, readOnly: options.readOnly,
      sharedMemory: assignment.configuration.task.resources.ram)
    if let warning = user.warning { warnings.append(warning) }
  }

  /// Runs the task to its end. Errors of the machine become the task's failure, not this function's.
  ///
  /// - Parameter signals: where signals arrive as bytes; see ``SignalPipe``.
  func run(signals: Int32) -> TaskStatus {
    _ = kilt_become_child_subreaper()
    defer { secrets?.remove() }
    // Health checks go to this machine, whatever proxy is set for the rest.
    setenv("no_proxy", "*", 1)
    loop.watch(signals) { [unowned self] in
      for number in Pipe.readAvailable(signals) ?? [] {
        switch Int32(number) {
        case SIGCHLD: children.reap()
        case SIGUSR1: if health.next != nil { health.next = Monotonic.now() }
        default: stopRequested()
        }
      }
    }
    loop.watch(background.readEnd) { [unowned self] in background.deliver() }
    do throws(ExecutorError) {
      try prepare()
      report(.starting, diskText)
    } catch {
      report(.starting)
      end(.failed(reason: Self.text(error)))
    }
    while phase != .ended {
      advance(at: Monotonic.now())
      updateAnnouncement()
      if phase == .ended { break }
      // Once for all events of this turn, and after the due starts.
      checkpoint.sync()
      loop.runOnce(until: nextDeadline(at: Monotonic.now()))
    }
    return status ?? .failed
  }

  /// Does the due work.
  private func advance(at now: Duration) {
    checkpoint.flush()
    switch phase {
    case .fetching: advanceFetch(at: now)
    case .active:
      startReady(at: now)
      if let outcome = graph.outcome {
        switch outcome {
        case .succeeded: stop(.finished, from: .terminate)
        case .failed(let reason):
          stop(.failed(reason: explained(reason)), from: .terminate)
        }
        return advance(at: now)
      }
      limitCPU(at: now)
      checkHealth(at: now)
      sample(at: now)
    case .stopping(let step, let until): advanceStop(step, until: until, isFinal: false, at: now)
    case .finalizing(let until):
      startReady(at: now)
      if graph.outcome != nil || now >= until { beginStep(.terminate, isFinal: true, at: now) }
    case .stoppingFinal(let step, let until): advanceStop(step, until: until, isFinal: true, at: now)
    case .clearing(let until): clear(until: until, at: now)
    case .ended: break
    }
  }

  /// When something becomes due merely by time passing.
  private func nextDeadline(at now: Duration) -> Duration? {
    var deadlines: [Duration] = []
    if !checkpoint.isWritten { deadlines.append(now + .seconds(1)) }
    if let restart = serverSet?.restartAt { deadlines.append(restart) }
    switch phase {
    case .fetching: deadlines += [fetch.deadline].compactMap { $0 }
    case .active:
      deadlines += [graph.nextStart(after: now), health.next, health.commandEnd, sampling.next, quotaDue].compactMap {
        $0
      }
    case .finalizing(let until): deadlines += [until, graph.nextStart(after: now)].compactMap { $0 }
    case .stopping(let step, let until), .stoppingFinal(let step, let until):
      deadlines.append(until)
      if step == .drain, let drainCheck { deadlines.append(drainCheck) }
      // An order that could not be sent is sent again; a kill is, until it has done its work.
      if step == .kill || (step == .terminate && runs.values.contains { !$0.start.isTerminated }) {
        deadlines.append(now + .milliseconds(50))
      }
    case .clearing: deadlines.append(now + .milliseconds(20))
    case .ended: break
    }
    return deadlines.min()
  }

  /// A failure with the known facts about its cause: the last problem, or the end of a process, and reached limits.
  private func explained(_ reason: String) -> String {
    var parts = [reason]
    if let cause = lastProblem ?? lastEnding { parts.append(cause) }
    if let group, group.refusedForks() > 0 {
      parts.append("it reached its limit of \(task.resources.processes) processes and threads")
    }
    return parts.joined(separator: ": ")
  }

  /// Records a state of the task.
  func report(_ status: TaskStatus, _ message: String? = nil) {
    self.status = status
    checkpoint.append(.taskState(status, message: message))
  }

  /// Ends the task without processes to stop.
  func end(_ ending: TaskEnding) {
    if self.ending == nil { self.ending = ending }
    phase = .clearing(until: Monotonic.now() + .seconds(60))
  }

  /// An error in one line, for a record.
  static func text(_ error: ExecutorError) -> String {
    let diagnostic = error.diagnostic
    return ([diagnostic.summary] + diagnostic.notes + diagnostic.remedies).joined(separator: "; ")
  }
}

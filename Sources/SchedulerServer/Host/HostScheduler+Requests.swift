internal import Diagnostics
internal import Executor
internal import JSON
internal import JobModel
internal import SchedulerCore
internal import SchedulerStore
internal import SystemSupport

/// Why a request that changes something was refused.
enum Refusal: Sendable {
  /// It conflicts with the present state.
  case conflict(Diagnostic)
  /// It is wrong in itself.
  case refused(Diagnostic)
  case notFound(Diagnostic)
  /// The scheduler or a repository cannot answer now: nothing is known about the request itself.
  case unavailable(Diagnostic)

  var diagnostic: Diagnostic {
    switch self {
    case .conflict(let diagnostic), .refused(let diagnostic), .notFound(let diagnostic), .unavailable(let diagnostic):
      diagnostic
    }
  }

  init(refusing error: any Error) {
    let diagnostic = (error as? any DiagnosableError)?.diagnostic ?? Diagnostic(.environment, "\(error)")
    switch error {
    case let error as SchedulerError:
      switch error {
      case .jobExists, .jobIsEnding, .updateInProgress, .unchanged, .noUpdate, .updateCannot, .needsNoPulse,
        .notDraining, .runExists, .runHasEnded, .runIsInProgress:
        self = .conflict(diagnostic)
      case .noSuchJob, .noSuchInstances, .noSuchRelease, .noSuchRun: self = .notFound(diagnostic)
      default: self = .refused(diagnostic)
      }
    default: self = diagnostic.blame == .input ? .refused(diagnostic) : .unavailable(diagnostic)
    }
  }
}

// The questions of the API and the pages.
extension HostScheduler {
  var clusterName: String { options.cluster }

  func jobs() -> [JobSummary] { store.state.summaries }

  /// A job, or with `includingGone` the remains of a killed one.
  func detail(_ key: JobKey, includingGone: Bool = false) -> JobDetail? {
    let state = store.state
    let tasks = state.history(of: key)
    let isGone = state.jobs[key]?.configuration == nil
    if isGone, !includingGone { return nil }
    guard let configuration = state.jobs[key]?.configuration ?? tasks.first?.configuration else { return nil }
    let summary =
      state.summary(of: key)
      ?? JobSummary(
        key: key, isService: configuration.isService, cron: configuration.cron, instances: 0, counts: [:],
        artifacts: configuration.task.artifacts, owner: configuration.owner)
    let events = tasks.reversed().flatMap { task in
      task.events.map { JobEvent(instance: task.instance, taskID: task.id, event: $0) }
    }
    // A node that has left is known by its ID alone.
    let names = Dictionary(state.hosts.map { ($0.id, $0.hostname) }) { first, _ in first }
    let hosts = tasks.compactMap { task in task.host.map { (task.id, names[$0] ?? $0) } }
    return JobDetail(
      configuration: configuration, summary: summary, instances: state.instances(of: key).map(withProcesses),
      // Of two at the same time, the older task's is first: sorting keeps the order of equals.
      events: events.sorted { $0.event.time < $1.event.time },
      earlier: tasks.filter { $0.status.isTerminal }.map(\.instanceStatus), isGone: isGone,
      sla: isGone ? nil : state.slaFigures(of: key, at: schedulerTime()),
      hosts: Dictionary(hosts) { first, _ in first })
  }

  /// With the ids of its processes, which executors record and the state machine does not know.
  func withProcesses(_ status: InstanceStatus) -> InstanceStatus {
    var status = status
    guard status.status.mayHaveExecutor else {
      status.executorPID = nil
      return status
    }
    status.pids = (processRuns[status.taskID] ?? [:]).values.filter { !$0.status.isTerminal }.compactMap(\.pid).sorted()
    return status
  }

  /// The directory of a task of an instance: of the named task, or of the last started one.
  func directory(_ key: JobKey, instance: Int, task: TaskID? = nil) -> TaskDirectory? {
    let tasks = store.state.history(of: key, instance: instance)
    if let task { return tasks.contains { $0.id == task } ? supervisor.directory(task) : nil }
    let last = tasks.first { $0.status.mayHaveExecutor || $0.status.isTerminal }
    return last.map { supervisor.directory($0.id) }
  }

  /// The directory of an instance's task, which must run.
  func runningDirectory(_ key: JobKey, instance: Int) throws -> TaskDirectory {
    guard store.state.jobs[key] != nil else { throw SchedulerError.noSuchJob(key) }
    guard let task = store.state.activeTask(of: InstanceKey(job: key, instance: instance)),
      task.status == .running || task.status == .starting
    else {
      let known = store.state.instances(of: key).map { String($0.instance) }.joined(separator: ", ")
      throw Diagnostic(
        .input, "instance \(instance) of job \(key) does not run", notes: ["its instances: \(known)"],
        remedies: ["run `kilt job status \(key)` to see why"])
    }
    return supervisor.directory(task.id)
  }

  /// Whether the task of a directory has ended.
  func hasEnded(_ directory: TaskDirectory) -> Bool { supervisor.presence(of: TaskID(directory.name)) == .gone }

  func processes(_ directory: TaskDirectory) -> [ProcessRun] {
    do {
      return try directory.checkpoint()?.processes ?? []
    } catch {
      warn("\(Self.summary(of: error))")
      return []
    }
  }

  /// The path of a process's log: of the requested run, or the last one.
  func logPath(_ directory: TaskDirectory, process: String, run: Int?, stream: String) -> String? {
    let folder = FilePath(directory.paths.logs).appending(process)
    let runs: [Int]
    do {
      runs = try FileSystem.list(folder).compactMap { Int($0.name) }
    } catch {
      // It has not started.
      return nil
    }
    guard let run = run ?? runs.max(), runs.contains(run) else { return nil }
    return directory.paths.log(process: process, run: run, stream: stream)
  }
}

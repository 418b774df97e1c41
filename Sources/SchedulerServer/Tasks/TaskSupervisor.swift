internal import Diagnostics
internal import Executor
internal import Glibc
internal import JobModel
internal import SystemSupport

/// Starts and stops executors, and reads what they record. It decides nothing; each call may be repeated after a crash.
///
/// An executor outlives the scheduler: it runs in a session of its own, and is known by the lock of its folder. What the
/// system does not say about that lock is unknown, and then nothing is started, given up or removed.
struct TaskSupervisor {
  let options: SchedulerOptions
  private var tracked: [TaskID: Tracked] = [:]
  private let watches = DirectoryWatches()
  /// Executors that are children of this process and have not ended, by task.
  private var children: [TaskID: pid_t] = [:]
  private let spares: SpareExecutors
  private var nextSweep: UInt64 = 0
  private var canIsolate = false
  private let presence: @Sendable (TaskDirectory) -> ExecutorPresence

  /// The state of supervising one task.
  private struct Tracked {
    var follower: CheckpointFollower
    /// The time of the next check of its directory without an event, in nanoseconds.
    var nextLook: UInt64 = 0
    var isGone = false
    /// Looks that follow the lock's closing one upon another, until the lock is free.
    var eagerLooks = 0
    /// The last problem that was reported, so that it is reported once.
    var problem: String?
  }

  /// The intervals of checks of a watched or unwatched directory; in nanoseconds.
  private static let watched: UInt64 = 15_000_000_000
  private static let unwatched: UInt64 = 1_000_000_000

  /// - Parameter presence: determines whether the executor of a directory lives; a test lets it return answers that no
  ///   machine returns on demand.
  init(
    _ options: SchedulerOptions, presence: @escaping @Sendable (TaskDirectory) -> ExecutorPresence = { $0.presence }
  ) {
    self.options = options
    self.presence = presence
    spares = SpareExecutors(program: options.executor, count: options.spareExecutors)
  }

  func directory(_ task: TaskID) -> TaskDirectory {
    TaskDirectory(options.tasksDirectory.appending(task.rawValue).string)
  }

  // MARK: Start and stop

  /// Starts an executor on an assignment; one that lives already, or has ended, is left alone.
  ///
  /// - Throws: when it is not known whether one lives, too: nothing is started beside it.
  mutating func launch(_ assignment: TaskAssignment, step: TaskStep? = nil) throws {
    let directory = directory(assignment.taskID)
    try FileSystem.createDirectories(options.tasksDirectory, permissions: 0o711)
    switch knownPresence(of: assignment.taskID) {
    case .alive: return
    case .unknown(let error): throw error
    case .gone: break
    }
    if let last = try directory.checkpoint()?.lastEvent, last.status.isTerminal { return }
    try directory.create(assignment)
    if let step { try directory.create(step) }
    var executor = ExecutorOptions(
      taskDirectory: directory.paths.directory, pexRunner: options.pexRunner.string, repository: options.repository,
      controlGroupParent: options.controlGroupParent, isolation: isolation(),
      allowsMissingUser: options.allowsMissingUser, allowedRoots: options.allowedRoots, readOnly: options.readOnly,
      path: options.path, portRange: options.portRange)
    executor.trustPolicy = options.clusterPolicy.trust?.string
    executor.secretsDirectory = options.clusterPolicy.secrets?.string
    executor.secretsCommand = options.clusterPolicy.secretsCommand
    if assignment.configuration.announce != nil, options.clusterPolicy.discovery.zooKeeper != nil {
      executor.zooKeeper = options.zooKeeperFile.string
    }
    let log = try FileSystem.open(
      FilePath(directory.paths.executorLog), .writeOnly, options: [.create, .append])
    defer { FileSystem.close(log) }
    let arguments = executor.arguments
    children[assignment.taskID] =
      try spares.hand(arguments) ?? spawnDetached(options.executor, arguments, output: log)
    tracked[assignment.taskID]?.isGone = false
    tracked[assignment.taskID]?.nextLook = 0
  }

  /// The isolation of the tasks that start now. Whether this machine can isolate is found out once, and not by each
  /// executor; while it cannot, each of them says so.
  private mutating func isolation() -> Isolation {
    if options.isolation == .auto, !canIsolate { canIsolate = IsolationCheck.isPossible() }
    return options.isolation == .auto && canIsolate ? .bubblewrap : options.isolation
  }

  /// Asks a task's executor to end it; false when none lives.
  ///
  /// An executor that is asked twice hurries, and cuts its task's own waits short. The state machine asks until it is
  /// heard, over restarts of the scheduler, so that it is written down who was asked.
  ///
  /// - Throws: when it is not known whether one lives, or it could not be asked; to be repeated.
  mutating func stop(_ task: TaskID) throws -> Bool {
    let directory = directory(task)
    let asked = FilePath(directory.paths.directory).appending("stop-requested")
    switch knownPresence(of: task) {
    case .gone: return false
    case .unknown(let error): throw error
    case .alive: if FileSystem.exists(asked) { return true }
    }
    if let child = children[task] {
      // Just started, it can lack its lock so far. It is not reaped, so the ID is its own.
      if Glibc.kill(child, SIGTERM) != 0, errno != ESRCH {
        throw SystemCallError("kill", FilePath("process \(child)"), Errno(rawValue: errno))
      }
    } else if try !directory.requestStop() {
      return false
    }
    try FileSystem.write(text: "", to: asked, permissions: 0o600)
    return true
  }

  /// Kills a task's executor; true when none lives. To be called until it is.
  mutating func killExecutor(_ task: TaskID) -> Bool {
    switch knownPresence(of: task) {
    case .gone: return true
    case .unknown: return false
    case .alive: break
    }
    if let child = children[task] {
      Glibc.kill(child, SIGKILL)
    } else {
      // Unknown is tried again at the next call.
      do { try directory(task).executorProcess()?.send(SIGKILL) } catch {}
    }
    return false
  }

  // MARK: What happens

  /// New records of each of these tasks. A task whose executor is gone is reported too, after its last records.
  ///
  /// Cheap to call often: only a directory that has changed is looked at, and each of them now and then.
  mutating func poll(_ tasks: Set<TaskID>, at now: UInt64) -> [Observation] {
    sweep(tasks, at: now)
    spares.refill(at: now)
    if let changes = watches.changes() {
      for (task, change) in changes {
        tracked[task]?.nextLook = 0
        if change == .end { tracked[task]?.eagerLooks = 5 }
      }
    } else {
      for task in tasks { tracked[task]?.nextLook = 0 }
    }
    var observations: [Observation] = []
    for task in tasks {
      if let known = tracked[task] {
        // Said until whoever listens asks no more.
        if known.isGone { observations.append(Observation(task: task, kind: .executorGone)) }
        if known.isGone || known.nextLook > now { continue }
      }
      look(at: task, now, &observations)
    }
    return observations
  }

  /// Has the next poll look at these tasks, whatever has changed.
  mutating func lookSoon(at tasks: some Sequence<TaskID>) {
    for task in tasks { tracked[task]?.nextLook = 0 }
  }

  private mutating func look(at task: TaskID, _ now: UInt64, _ observations: inout [Observation]) {
    let directory = directory(task)
    var entry = tracked[task] ?? Tracked(follower: CheckpointFollower(directory))
    defer { tracked[task] = entry }
    // Watched before it is looked at: what happens in between is an event.
    let isWatched = watches.watch(directory.paths.directory, of: task)
    entry.nextLook = entry.eagerLooks > 0 ? 0 : now + (isWatched ? Self.watched : Self.unwatched)
    entry.eagerLooks = max(0, entry.eagerLooks - 1)
    // Asked before the records are read: what it wrote last is then seen before it is gone.
    let presence = knownPresence(of: task)
    do throws(ExecutorError) {
      observations += try entry.follower.poll().map { Observation(task: task, kind: .record($0)) }
      if case .unknown(let error) = presence { throw error }
      entry.problem = nil
    } catch {
      let problem = error.diagnostic.summary
      if entry.problem != problem { observations.append(Observation(task: task, kind: .damaged(problem))) }
      entry.problem = problem
      entry.nextLook = now + Self.unwatched
      // A damaged line is skipped, and the executor can be gone anyway. Records that could not be read can contain the
      // task's end: it is not gone before they are read.
      guard case .badAssignment = error, case .gone = presence else { return }
    }
    if presence == .gone {
      entry.isGone = true
      observations.append(Observation(task: task, kind: .executorGone))
    }
  }

  /// Whether an executor of the task lives, one that has not taken its lock yet included.
  private mutating func knownPresence(of task: TaskID) -> ExecutorPresence {
    if let child = children[task] {
      var status: CInt = 0
      let id = waitpid(child, &status, WNOHANG)
      // An executor that runs, and one that cannot be asked about, are not gone.
      if id == 0 || (id < 0 && errno != ECHILD) { return .alive }
      children[task] = nil
    }
    return presence(directory(task))
  }

  /// Now and then: reaps executors, and forgets tasks that nobody asks about.
  private mutating func sweep(_ tasks: Set<TaskID>, at now: UInt64) {
    guard now >= nextSweep else { return }
    nextSweep = now + Self.unwatched
    for task in tracked.keys where !tasks.contains(task) {
      watches.forget(task)
      tracked[task] = nil
    }
    for (task, child) in children {
      var status: CInt = 0
      let id = waitpid(child, &status, WNOHANG)
      if id == child || (id < 0 && errno == ECHILD) {
        children[task] = nil
        tracked[task]?.nextLook = 0
      }
    }
  }
}

extension TaskDirectory {
  /// Its last component, the task's id.
  var name: String { FilePath(paths.directory).lastComponent?.string ?? "" }
}

/// The supervisor's observations of a task.
struct Observation {
  enum Kind {
    case record(CheckpointRecord)
    /// No executor lives in the task's directory.
    case executorGone
    /// Its directory or its records cannot be read, or contain an invalid record: reported once.
    case damaged(String)
  }
  var task: TaskID
  var kind: Kind
}

internal import Diagnostics
internal import Executor
internal import Glibc
internal import JobModel
internal import SystemSupport

/// Starts and stops executors, and reads what they record. It decides nothing; each call may be repeated after a crash.
///
/// An executor outlives the scheduler: it runs in a session of its own, and is known by the lock of its folder.
struct TaskSupervisor {
  private let options: SchedulerOptions
  private var followers: [TaskID: CheckpointFollower] = [:]
  /// Executors that are children of this process and have not ended, by task.
  private var children: [TaskID: pid_t] = [:]

  init(_ options: SchedulerOptions) { self.options = options }

  func directory(_ task: TaskID) -> TaskDirectory {
    TaskDirectory(options.tasksDirectory.appending(task.rawValue).string)
  }

  // MARK: Start and stop

  /// Starts an executor on an assignment; one that lives already, or has ended, is left alone.
  mutating func launch(_ assignment: TaskAssignment) throws {
    let directory = directory(assignment.taskID)
    try FileSystem.createDirectories(options.tasksDirectory, permissions: 0o711)
    if lives(assignment.taskID) { return }
    if let last = try directory.checkpoint()?.lastEvent, last.status.isTerminal { return }
    try directory.create(assignment)
    let executor = ExecutorOptions(
      taskDirectory: directory.paths.directory, pexRunner: options.pexRunner.string, repository: options.repository,
      controlGroupParent: options.controlGroupParent, isolation: options.isolation,
      allowsMissingUser: options.allowsMissingUser, readOnly: options.readOnly, path: options.path)
    let log = try FileSystem.open(
      FilePath(directory.paths.directory).appending("executor.log"), .writeOnly, options: [.create, .append])
    defer { FileSystem.close(log) }
    children[assignment.taskID] = try spawnDetached(options.executor, executor.arguments, output: log)
  }

  /// Asks a task's executor to end it; false when none lives.
  ///
  /// An executor that is asked twice hurries, and cuts its task's own waits short. The state machine asks until it is
  /// heard, over restarts of the scheduler, so that it is written down who was asked.
  func stop(_ task: TaskID) throws(SystemCallError) -> Bool {
    let directory = directory(task)
    let asked = FilePath(directory.paths.directory).appending("stop-requested")
    if lives(task), FileSystem.exists(asked) { return true }
    if !directory.requestStop() {
      // Started just now, it has not taken its lock yet.
      guard let child = children[task], Glibc.kill(child, SIGTERM) == 0 else { return false }
    }
    try FileSystem.write(text: "", to: asked, permissions: 0o600)
    return true
  }

  /// Kills a task's executor; true when none lives. To be called until it is.
  mutating func killExecutor(_ task: TaskID) -> Bool {
    reap()
    guard lives(task) else { return true }
    if let pid = directory(task).executorProcessID ?? children[task] { Glibc.kill(pid, SIGKILL) }
    return false
  }

  // MARK: What happens

  /// New records of each of these tasks. A task whose executor is gone is reported too, after its last records.
  mutating func poll(_ tasks: Set<TaskID>) -> [Observation] {
    reap()
    followers = followers.filter { tasks.contains($0.key) }
    var observations: [Observation] = []
    for task in tasks {
      let directory = directory(task)
      // Asked before the records are read: what it wrote last is then seen before it is gone.
      let lives = lives(task)
      var follower = followers[task] ?? CheckpointFollower(directory)
      do {
        observations += try follower.poll().map { Observation(task: task, kind: .record($0)) }
      } catch {
        observations.append(Observation(task: task, kind: .damaged("\(error.diagnostic.summary)")))
      }
      followers[task] = follower
      if !lives { observations.append(Observation(task: task, kind: .executorGone)) }
    }
    return observations
  }

  private func lives(_ task: TaskID) -> Bool { children[task] != nil || directory(task).hasExecutor }

  private mutating func reap() {
    children = children.filter { _, pid in
      var status: CInt = 0
      return waitpid(pid, &status, WNOHANG) == 0
    }
  }
}

extension TaskDirectory {
  /// Its last component, the task's id.
  var name: String { FilePath(paths.directory).lastComponent?.string ?? "" }
}

/// What the supervisor saw of a task.
struct Observation {
  enum Kind {
    case record(CheckpointRecord)
    /// No executor lives in the task's folder.
    case executorGone
    case damaged(String)
  }
  var task: TaskID
  var kind: Kind
}

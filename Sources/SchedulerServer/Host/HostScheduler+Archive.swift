internal import Executor
internal import JobModel
internal import NIOPosix
internal import SchedulerCore
internal import SchedulerStore
internal import SystemSupport

// The archived logs, and the directories that wait for the archive.
extension HostScheduler {
  /// The state of the archive, besides the notes in the tasks' directories.
  struct Archiving: Sendable {
    /// Tasks that are archived as a whole.
    var done: Set<TaskID> = []
    /// Tasks that are forgotten, and whose directories wait to be archived.
    var held: Set<TaskID> = []
    var counts = LogShipper.Counts()
    var failures = 0
    /// Bytes of directories that had to go.
    var droppedBytes: Int64 = 0
    var droppedTasks = 0
    var problem: String?
  }

  struct UnarchivedTask: Sendable {
    var id: TaskID
    var directory: TaskDirectory
    var hasEnded: Bool
  }

  /// Tasks that can have unarchived logs, waiting ones first.
  func unarchivedTasks() -> [UnarchivedTask] {
    let state = store.state
    archiving.done.formIntersection(Set(state.tasks.keys))
    let held = archiving.held.sorted().map {
      UnarchivedTask(id: $0, directory: supervisor.directory($0), hasEnded: true)
    }
    let others = state.tasks.values
      .filter { ($0.status.mayHaveExecutor || $0.status.isTerminal) && !archiving.done.contains($0.id) }
      .sorted { $0.sequence < $1.sequence }
      .map { task in
        UnarchivedTask(
          id: task.id, directory: supervisor.directory(task.id),
          hasEnded: task.status.isTerminal && !task.awaitsEnd && destroying[task.id] == nil)
      }
    return held + others
  }

  func countArchived(_ task: TaskID, _ counts: LogShipper.Counts, isDone: Bool, failed: Bool) {
    archiving.counts.objects += counts.objects
    archiving.counts.lines += counts.lines
    archiving.counts.bytes += counts.bytes
    archiving.counts.dropped += counts.dropped
    if counts.dropped > 0 {
      warn("\(counts.dropped) bytes of logs of task \(task) were removed by rotation before they were archived")
    }
    if failed { archiving.failures += 1 }
    guard isDone else { return }
    archiving.done.insert(task)
    if archiving.held.remove(task) != nil { deleteSandbox(task) }
  }

  func setArchiveProblem(_ problem: String?, _ location: String) {
    guard problem != archiving.problem else { return }
    warn(problem.map { "logs cannot be archived in \(location): \($0)" } ?? "logs are archived in \(location) again")
    archiving.problem = problem
  }

  /// Whether the directory of a task has to wait until its logs are archived; then it is removed automatically.
  func holdsForArchive(_ task: TaskID) -> Bool {
    guard options.monitoring.logs != nil, !archiving.done.contains(task) else { return false }
    archiving.held.insert(task)
    return true
  }

  /// Removes a directory that cannot wait, and reports the loss.
  func dropUnarchived(_ task: TaskID) {
    archiving.held.remove(task)
    guard options.monitoring.logs != nil, !archiving.done.contains(task) else {
      return deleteSandbox(task, force: true)
    }
    let directory = supervisor.directory(task)
    Task {
      var lost: Int64 = 0
      do {
        lost = try await NIOThreadPool.singleton.runIfActive { try LogShipper.unshipped(directory) }
      } catch {
        warn("how much of the logs of task \(task) is lost is not known: \(Self.summary(of: error))")
      }
      archiving.droppedBytes += lost
      archiving.droppedTasks += 1
      warn("\(lost) bytes of logs of task \(task) are removed although they are not archived: the disk is full")
      deleteSandbox(task, force: true)
    }
  }
}

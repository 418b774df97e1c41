internal import Diagnostics
internal import Executor
internal import JobModel
internal import SchedulerCore
internal import SystemSupport

// The engine of this machine.
extension TaskSupervisor: TaskEngine {
  var hasLocalProcesses: Bool { true }

  mutating func launch(_ assignment: TaskAssignment, on host: String?, step: TaskStep?) throws {
    try launch(assignment, step: step)
  }

  func reason(of task: TaskID) -> String? { nil }

  func presence(of task: TaskID) -> ExecutorPresence { directory(task).presence }

  func clearing(_ task: TaskID) -> @Sendable () throws -> Void {
    let directory = directory(task)
    return { _ = try directory.killLeftovers() }
  }

  func find(_ tasks: [TaskRecord]) -> FoundExecutors {
    var found = FoundExecutors()
    for task in tasks {
      let directory = directory(task.id)
      do {
        if let process = try directory.executorProcess() {
          found.live[task.id] = process.id
        } else if try FileSystem.statusIfPresent(of: FilePath(directory.paths.checkpoint)) != nil {
          try directory.killLeftovers()
          found.dead.insert(task.id)
        }
      } catch {
        // Unknown is not dead: it counts as live until its lock has been seen free.
        let summary = (error as? any DiagnosableError)?.diagnostic.summary ?? "\(error)"
        found.problems.append("task \(task.id): cannot determine yet whether its executor runs: \(summary)")
        found.live[task.id] = task.executorPID ?? 0
      }
    }
    return found
  }

  /// Directories of tasks that the store does not know. What is no task's directory is none of the scheduler's: the state
  /// directory may have been another's.
  func strangers(_ isKnown: (TaskID) -> Bool) throws -> FoundStrangers {
    var found = FoundStrangers()
    guard FileSystem.exists(options.tasksDirectory) else { return found }
    for entry in try FileSystem.list(options.tasksDirectory) {
      let task = TaskID(entry.name)
      if isKnown(task) { continue }
      if directory(task).isTask(task) {
        found.tasks.append(task)
      } else {
        found.problems.append(
          "ignored \"\(options.tasksDirectory.appending(entry.name))\": it is not the directory of a task")
      }
    }
    return found
  }

  func offers(_ use: HostUse) throws -> [HostOffer]? {
    [try HostFacts.offer(options, usedPorts: use.ports, diskOfTasks: use.disk)]
  }
}

internal import Executor
internal import JobModel
internal import Observability
internal import SchedulerCore
internal import SchedulerStore

/// The tasks that a reader of logs is shown, from look to look: none is passed over that began and ended in between.
struct LoggedTasks: Sendable {
  /// Oldest first.
  private(set) var tasks: [LoggedTask] = []
  /// Whether the job has no further tasks after these.
  private(set) var isOver = false
  /// Tasks that have not been read completely.
  private var shown: Set<TaskID> = []
  /// The newest task of each instance that was shown.
  private var newest: [Int: Int] = [:]
  /// The newest task that there was at the first look.
  private var beginning: Int?

  /// Checks the tasks of a job, the newest first.
  mutating func update(
    _ key: JobKey, _ question: LogQuestion, _ state: SchedulerState, finished: Set<TaskID>,
    directory: (TaskID) -> TaskDirectory
  ) {
    let history = state.history(of: key).filter { question.instances?.contains($0.instance) ?? true }
    let known = Set(question.positions.map(\.source.task))
    if beginning == nil {
      for task in history where known.contains(task.id) {
        newest[task.instance] = max(newest[task.instance] ?? 0, task.sequence)
      }
    }
    shown.subtract(finished)
    var hasLast: Set<Int> = []
    let chosen = history.filter { task in
      guard task.status.mayHaveExecutor || task.status.isTerminal, !finished.contains(task.id) else { return false }
      if let wanted = question.task { return task.id == wanted }
      if shown.contains(task.id) || (beginning == nil && known.contains(task.id)) { return true }
      if let newest = newest[task.instance] { return task.sequence > newest }
      if let beginning { return task.sequence > beginning }
      if question.isWhole { return true }
      if let since = question.since { return !task.status.isTerminal || task.since >= since }
      return hasLast.insert(task.instance).inserted
    }
    for task in chosen {
      shown.insert(task.id)
      newest[task.instance] = max(newest[task.instance] ?? 0, task.sequence)
    }
    if beginning == nil { beginning = history.first?.sequence ?? 0 }
    tasks = chosen.reversed().map { task in
      LoggedTask(
        instance: task.instance, id: task.id, sequence: task.sequence, directory: directory(task.id),
        hasEnded: task.status.isTerminal && !task.awaitsEnd)
    }
    let isWanted =
      state.jobs[key]?.desired.keys.contains { question.instances?.contains($0) ?? true } ?? false
    let isAlive = history.contains { !$0.status.isTerminal || $0.awaitsEnd }
    isOver = question.task == nil ? !isWanted && !isAlive : tasks.allSatisfy(\.hasEnded)
  }
}

extension HostScheduler {
  /// The tasks after another look.
  func look(
    for tasks: LoggedTasks, of key: JobKey, _ question: LogQuestion, finished: Set<TaskID>
  ) -> LoggedTasks {
    var tasks = tasks
    tasks.update(key, question, store.state, finished: finished) { supervisor.directory($0) }
    return tasks
  }
}

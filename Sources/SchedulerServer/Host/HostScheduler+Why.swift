internal import Executor
internal import JobModel
internal import NIOPosix
internal import Observability
internal import SchedulerCore
internal import SchedulerStore

// Why tasks of a job died. The state machine knows states and releases; the tasks' files are read by the thread pool.
extension HostScheduler {
  /// The questions about a job's dead tasks.
  struct WhyQuestion: Sendable {
    /// Nil for all instances.
    var instance: Int?
    /// The end nearest to this time; nil for the last one.
    var time: Timestamp?
    /// Lines of each log.
    var lines = 20
  }

  /// The number of tasks with a full account, and with a line.
  private static let accounts = 3
  private static let others = 20

  nonisolated func why(_ key: JobKey, _ question: WhyQuestion) async -> WhyAnswer {
    let found = await candidates(key, question)
    var answer = WhyAnswer(key: key, accounts: [], others: found.others, rememberedSince: found.rememberedSince)
    do {
      answer.accounts = try await NIOThreadPool.singleton.runIfActive {
        found.tasks.map { AccountReader(lines: question.lines).account($0) }
      }
    } catch {
      // The server stops: only facts in memory are reported.
      answer.accounts = found.tasks.map(\.account)
    }
    return answer
  }

  /// The tasks to tell of: of each instance the one whose end is asked for, the likeliest first.
  private func candidates(_ key: JobKey, _ question: WhyQuestion) -> Candidates {
    let state = store.state
    let history = state.history(of: key, instance: question.instance)
    let ended = history.filter { $0.status.isTerminal }
    var chosen: [Int: TaskRecord] = [:]
    for task in ended {
      guard let other = chosen[task.instance] else {
        chosen[task.instance] = task
        continue
      }
      if Self.isLikelier(task, than: other, near: question.time) { chosen[task.instance] = task }
    }
    // The question can be about a task that has not ended: it waits, is starting, or runs.
    for task in history where chosen[task.instance] == nil { chosen[task.instance] = task }
    let ordered = chosen.values.sorted { left, right in
      if left.status.isTerminal != right.status.isTerminal { return left.status.isTerminal }
      if Self.isLikelier(left, than: right, near: question.time) { return true }
      if Self.isLikelier(right, than: left, near: question.time) { return false }
      return left.sequence > right.sequence
    }
    let told = ordered.prefix(Self.accounts).map { task in
      DeadTask(
        record: state.instanceStatus(of: task), states: task.events, configuration: task.configuration,
        health: task.health, host: (state.host(of: task) ?? state.pool)?.hostname, release: release(of: task),
        formerRelease: formerRelease(of: task),
        update: state.updates(of: key).first { $0.startedAt <= task.since }?.summary,
        directory: supervisor.directory(task.id))
    }
    let others = ordered.dropFirst(Self.accounts).prefix(Self.others).map {
      WhyAnswer.Other(
        instance: $0.instance, taskID: $0.id, status: $0.status, time: $0.since, message: $0.message)
    }
    return Candidates(tasks: told, others: others, rememberedSince: ended.map(\.since).min())
  }

  private struct Candidates: Sendable {
    var tasks: [DeadTask]
    var others: [WhyAnswer.Other]
    var rememberedSince: Timestamp?
  }

  /// With a time, the end that is nearer to it; otherwise a failure before an end that was asked for, and the newer one.
  private static func isLikelier(_ task: TaskRecord, than other: TaskRecord, near time: Timestamp?) -> Bool {
    if let time {
      return abs((task.since - time).milliseconds) < abs((other.since - time).milliseconds)
    }
    if hasFailed(task) != hasFailed(other) { return hasFailed(task) }
    return task.since > other.since
  }

  private func release(of task: TaskRecord) -> Release? {
    guard let job = store.state.record(of: task.job), let revision = job.revision(task.revision) else { return nil }
    return described(revision, of: job)
  }

  private func formerRelease(of task: TaskRecord) -> Int? {
    store.state.record(of: task.job)?.revisions.last { $0.number < task.revision && $0.wasRolledOut }?.number
  }
}

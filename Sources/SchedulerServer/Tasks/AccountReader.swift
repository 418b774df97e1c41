internal import Diagnostics
internal import Executor
internal import JobModel
internal import Observability
internal import SystemSupport

/// The state machine's facts about a requested task, and the path of its files.
struct DeadTask: Sendable {
  var record: InstanceStatus
  var states: [TaskEvent]
  var configuration: JobConfiguration
  var health: HealthReport?
  var host: String?
  var release: Release?
  var formerRelease: Int?
  var update: UpdateSummary?
  var directory: TaskDirectory

  /// Without the facts in the task's files.
  var account: TaskAccount {
    TaskAccount(
      instance: record.instance, taskID: record.taskID, status: record.status,
      cause: TaskAccount.Cause(status: record.status, checkpoint: nil, configuration: configuration),
      time: record.since, message: record.message, host: host, states: states,
      limits: configuration.task.resources, health: health, restarts: record.restarts, release: release,
      formerRelease: formerRelease, update: update)
  }
}

/// Joins the state machine's facts about a task with the files of its directory. Blocks on the disk.
struct AccountReader {
  /// The number of lines of each log, and of samples.
  var lines: Int
  private static let samples = 12
  private static let lineLength = 1000

  func account(_ task: DeadTask) -> TaskAccount {
    var account = task.account
    let checkpoint: Checkpoint?
    do {
      checkpoint = try task.directory.checkpoint()
    } catch {
      account.problems.append("the checkpoint of the task cannot be read: \(error.diagnostic.summary)")
      return account
    }
    account.cause = TaskAccount.Cause(
      status: task.record.status, checkpoint: checkpoint, configuration: task.configuration)
    guard let checkpoint else {
      if task.states.contains(where: { $0.status == .assigned }) {
        account.problems.append("the files of the task are not there: they were removed, or it never started")
      }
      account.executor = log(task.directory.paths.directory + "/executor.log", &account.problems)
      return account
    }
    account.usage = TaskAccount.Usage.last(Self.samples, of: checkpoint)
    account.health = checkpoint.health ?? account.health
    var times: [String: Timestamp] = [:]
    for record in checkpoint.records {
      if case .process(let run) = record.kind { times[run.name] = record.time }
    }
    for run in checkpoint.processes {
      func output(_ stream: String) -> [String] {
        log(task.directory.paths.log(process: run.name, run: run.run, stream: stream), &account.problems)
      }
      account.processes.append(
        TaskAccount.Process(
          name: run.name, run: run.run, status: run.status, time: times[run.name] ?? task.record.since,
          exitCode: run.exitCode, signal: run.signal, stdout: output("stdout"), stderr: output("stderr")))
    }
    if checkpoint.processes.isEmpty || account.cause == .lost {
      account.executor = log(task.directory.paths.directory + "/executor.log", &account.problems)
    }
    return account
  }

  /// The last lines of a log; none if there is no such file.
  private func log(_ path: String, _ problems: inout [String]) -> [String] {
    guard lines > 0, FileSystem.exists(FilePath(path)) else { return [] }
    var bytes = 0
    do {
      // Most lines are short; the size of a few long ones is not known before they are read.
      for size in [1 << 14, 1 << 20] {
        var reader = LogReader(path: path, offset: -Int64(size))
        let content = try reader.rest(limit: size)
        bytes = content.count
        let found = content.split(separator: 0x0A, omittingEmptySubsequences: false)
        let whole = bytes < size ? found[...] : found.dropFirst()
        let kept = (whole.last?.isEmpty == true ? whole.dropLast() : whole).suffix(lines)
        if kept.count == lines || bytes < size || size == 1 << 20 {
          return kept.map { String(String(decoding: $0, as: UTF8.self).prefix(Self.lineLength)) }
        }
      }
    } catch {
      problems.append("cannot read \"\(path)\": \(error)")
    }
    return []
  }
}

internal import Executor
internal import JobModel
internal import SchedulerCore
internal import SystemSupport

/// A task that has ended, and where its files are.
struct EndedTask: Sendable {
  var record: TaskRecord
  var directory: TaskDirectory
}

/// Reads the ends of tasks: the state machine's facts, joined with the files of the task's directory. Blocks on the
/// disk.
struct EndingReader {
  /// The reported amount of each log.
  private static let lines = 8
  private static let bytes = 4096
  private static let lineLength = 400

  /// Files that could not be read, for the scheduler's own log.
  private(set) var problems: [String] = []

  mutating func ending(of task: EndedTask) -> TaskEnding {
    var ending = Self.record(of: task.record)
    let checkpoint: Checkpoint
    do {
      guard let found = try task.directory.checkpoint() else { return ending }
      checkpoint = found
    } catch {
      problems.append("\(error)")
      return ending
    }
    let stopped = task.record.health?.healthy == false ? Self.endedAfterHealth(checkpoint) : []
    for run in checkpoint.processes where run.status != .success || stopped.contains(run.name) {
      ending.processes.append(
        TaskEnding.Process(
          name: run.name, run: run.run, status: run.status, exitCode: run.exitCode, signal: run.signal,
          output: lastLines(of: run, in: task.directory)))
    }
    return ending
  }

  /// Processes that ended after the last health answer: a bad answer was the end of them, however well they ended.
  private static func endedAfterHealth(_ checkpoint: Checkpoint) -> Set<String> {
    var names: Set<String> = []
    for record in checkpoint.records {
      switch record.kind {
      case .health: names = []
      case .process(let run) where run.status.isTerminal: names.insert(run.name)
      default: break
      }
    }
    return names
  }

  /// Without the facts in the task's files.
  static func record(of task: TaskRecord) -> TaskEnding {
    TaskEnding(
      instance: task.instance, taskID: task.id, release: task.revision, status: task.status, time: task.since,
      message: task.message, health: task.health)
  }

  /// The last lines that a run wrote: of its standard error, or else of its standard output.
  private mutating func lastLines(of run: ProcessRun, in directory: TaskDirectory) -> [String] {
    for stream in ["stderr", "stdout"] {
      let path = directory.paths.log(process: run.name, run: run.run, stream: stream)
      guard FileSystem.exists(FilePath(path)) else { continue }
      var reader = LogReader(path: path, offset: -Int64(Self.bytes))
      do {
        let text = String(decoding: try reader.rest(limit: Self.bytes), as: UTF8.self)
        let lines = text.split(separator: "\n").suffix(Self.lines).map { String($0.prefix(Self.lineLength)) }
        if !lines.isEmpty { return lines }
      } catch {
        problems.append("\(error)")
      }
    }
    return []
  }
}

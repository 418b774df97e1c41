/// The files of one task directory.
///
/// The task's own processes can write only to `sandbox` and `tmp`; the rest belongs to the executor.
public struct TaskPaths: Sendable, Hashable {
  /// The directory, absolute.
  public var directory: String

  public init(_ directory: String) { self.directory = directory }

  /// The assignment, written by the scheduler.
  public var assignment: String { directory + "/task.json" }
  /// The step of a pipeline that the task runs, if it does.
  public var step: String { directory + "/step.json" }
  /// What the step has put out, kept by the executor.
  public var stepOutput: String { directory + "/step-output.json" }
  /// Locked with flock(2) by the executor while it lives.
  public var lock: String { directory + "/lock" }
  /// The executor's process id, for people.
  public var processID: String { directory + "/executor.pid" }
  /// The executor's own output, for people.
  public var executorLog: String { directory + "/executor.log" }
  /// The records, one JSON value a line.
  public var checkpoint: String { directory + "/checkpoint" }
  /// The working directory of the processes.
  public var sandbox: String { directory + "/sandbox" }
  /// The directory that the processes see as `/tmp`.
  public var temporary: String { directory + "/tmp" }
  /// Output of the processes: `logs/PROCESS/RUN/stdout` and `stderr`, runs counted from 0.
  public var logs: String { directory + "/logs" }
  /// The artifacts, linked or copied from the host's cache.
  public var artifacts: String { directory + "/artifacts" }
  /// The mount point of the task's own file system, if it has one: `sandbox`, `tmp` and `logs` are links into it.
  public var volume: String { directory + "/volume" }
  /// The image of that file system, unless it is in memory.
  public var volumeImage: String { directory + "/volume.img" }
  /// Files between the executor and its children.
  public var run: String { directory + "/run" }

  /// The directories of the control group, one per line.
  var controlGroups: String { run + "/control-groups" }
  /// The arguments the executor was started with, one JSON array: commands run beside the task need the same.
  var options: String { run + "/options.json" }

  /// The log file of one stream of one run.
  public func log(process: String, run: Int, stream: String) -> String { "\(logs)/\(process)/\(run)/\(stream)" }
}

internal import Executor
internal import JobModel
internal import NIOPosix
internal import SystemSupport

extension Routes {
  /// How many instances' ends are told, and how much of each log.
  private static let toldInstances = 50
  private static let toldBytes = 2048
  private static let toldLines = 5

  /// How the last task of each instance that has ended came to its end, by instance.
  func endings(of job: JobDetail) async -> [TaskEnding] {
    var last: [Int: InstanceStatus] = [:]
    // The newest is first.
    for task in job.earlier where last[task.instance] == nil { last[task.instance] = task }
    var endings: [TaskEnding] = []
    for task in last.values.sorted(by: { $0.instance < $1.instance }).prefix(Self.toldInstances) {
      var ending = TaskEnding(task: task)
      if let directory = await scheduler.directory(job.key, instance: task.instance, task: task.taskID) {
        for run in await scheduler.processes(directory) {
          ending.processes.append(ProcessEnding(run: run, lastLines: await lastLines(of: run, in: directory)))
        }
      }
      endings.append(ending)
    }
    return endings
  }

  /// The last lines that a run of a process has written; none when its log is gone.
  private func lastLines(of run: ProcessRun, in directory: TaskDirectory) async -> [String] {
    for stream in ["stderr", "stdout"] {
      guard let path = await scheduler.logPath(directory, process: run.name, run: run.run, stream: stream) else {
        continue
      }
      do {
        let bytes = try await NIOThreadPool.singleton.runIfActive {
          var reader = LogReader(path: path, offset: -Int64(Self.toldBytes))
          return try reader.rest(limit: Self.toldBytes)
        }
        let lines = bytes.split(separator: 0x0A).suffix(Self.toldLines)
        if !lines.isEmpty { return lines.map { String(decoding: $0, as: UTF8.self) } }
      } catch {
        await scheduler.warn("the log of \(run.name) cannot be read: \(error)")
      }
    }
    return []
  }
}

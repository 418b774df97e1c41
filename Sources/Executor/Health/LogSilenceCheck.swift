import Glibc

/// Finds out how long a task's processes have written nothing to their logs, by the times of the files.
struct LogSilenceCheck: Sendable {
  /// The directory of logs of the task: `PROCESS/RUN/STREAM` below it.
  var logs: String
  /// The processes whose logs count.
  var processes: [String]
  var limit: Duration
  /// When the watch began, in nanoseconds since 1970: a task that has just started owes no output yet.
  var started: Int64

  /// What is wrong at `now`, in nanoseconds since 1970, or nil.
  func problem(at now: Int64 = LogSilenceCheck.now()) -> String? {
    var newest = started
    for process in processes {
      for run in LogSilenceCheck.names(in: "\(logs)/\(process)") {
        for stream in ["stdout", "stderr"] {
          newest = max(newest, LogSilenceCheck.changed("\(logs)/\(process)/\(run)/\(stream)") ?? newest)
        }
      }
    }
    let silence = Duration.nanoseconds(now - newest)
    guard silence > limit else { return nil }
    let what = processes.count == 1 ? "\"\(processes[0])\"" : "the task"
    return "\(what) wrote nothing to its log for \(silence.components.seconds) s, limit \(limit.components.seconds) s"
  }

  static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  private static func changed(_ path: String) -> Int64? {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    return Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
  }

  private static func names(in path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }
}

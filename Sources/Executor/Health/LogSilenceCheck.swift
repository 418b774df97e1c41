import Glibc

/// Determines how long a task's processes have written nothing to their logs.
///
/// The times of the files only show that something was written. The duration since then is counted on the monotonic
/// clock, from the check that first saw it: a change of the time of day does not count as silence.
struct LogSilenceCheck {
  /// The directory of logs of the task: `PROCESS/RUN/STREAM` below it.
  var logs: String
  /// The processes whose logs count.
  var processes: [String]
  var limit: Duration
  /// When the last output was seen. A task that has just started owes none yet.
  private var heard: Duration
  /// The newest time of a file that was seen, in nanoseconds since 1970.
  private var newest: Int64 = 0

  init(logs: String, processes: [String], limit: Duration, startedAt now: Duration) {
    self.logs = logs
    self.processes = processes
    self.limit = limit
    heard = now
  }

  /// The problem at `now`, or nil.
  mutating func problem(at now: Duration) -> String? {
    var latest: Int64 = 0
    for process in processes {
      for run in LogSilenceCheck.names(in: "\(logs)/\(process)") {
        for stream in ["stdout", "stderr"] {
          latest = max(latest, LogSilenceCheck.changed("\(logs)/\(process)/\(run)/\(stream)") ?? 0)
        }
      }
    }
    // Any other time than before is an output, an earlier one too: somebody has set the clock back.
    if latest != newest {
      newest = latest
      heard = now
    }
    let silence = now - heard
    guard silence > limit else { return nil }
    let what = processes.count == 1 ? "\"\(processes[0])\"" : "the task"
    return "\(what) wrote nothing to its log for \(silence.components.seconds) s, limit \(limit.components.seconds) s"
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

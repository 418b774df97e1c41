import Glibc
import JobModel
import SystemSupport

/// The standard output and error of a run, and the descriptors that this process must close after the start.
struct RunOutput {
  var output: Int32
  var errors: Int32
  var ours: [Int32]
}

/// A log that a process writes itself.
struct DirectLog: Hashable {
  var process: String
  var run: Int
  var path: String
}

extension TaskRunner {
  /// Opens the log files of a run. Output that is not rotated goes straight into its file, past the executor.
  func openLogs(of process: ProcessConfiguration, run: Int) throws(ExecutorError) -> RunOutput {
    let logger = process.logger ?? LoggerConfiguration()
    let directory = "\(paths.logs)/\(process.name)/\(run)"
    for path in ["\(paths.logs)/\(process.name)", directory] {
      if mkdir(path, 0o755) != 0, errno != EEXIST { throw .last("mkdir", path) }
    }
    // Otherwise a process that is run again forever would fill its disk with the logs of old runs.
    if run >= Self.keptRuns { removeLogs("\(paths.logs)/\(process.name)/\(run - Self.keptRuns)") }
    var opened: [Int32] = []
    func stream(_ name: String, console: Int32) throws(ExecutorError) -> Int32 {
      let path = directory + "/" + name
      switch (logger.destination, logger.mode) {
      case (.none, _): return -1
      case (.console, _):
        let pipe = try Pipe()
        Pipe.setNonBlocking(pipe.readEnd)
        opened.append(pipe.writeEnd)
        follow(LogStream(readEnd: pipe.readEnd, file: nil, console: console))
        return pipe.writeEnd
      case (.file, .standard):
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw .last("open", path) }
        opened.append(descriptor)
        var marks = LogMarkWriter(log: path, files: 1)
        marks.began(descriptor, at: 0)
        marks.close()
        directLogs[DirectLog(process: process.name, run: run, path: path)] = marks
        return descriptor
      case (.file, .rotate), (.both, _):
        let isRotated = logger.mode == .rotate
        let file = try LogFile(
          path: path, limit: isRotated ? logger.logSize : Int.max, backups: isRotated ? logger.backups : 0)
        let pipe = try Pipe()
        Pipe.setNonBlocking(pipe.readEnd)
        opened.append(pipe.writeEnd)
        follow(LogStream(readEnd: pipe.readEnd, file: file, console: logger.destination == .both ? console : nil))
        return pipe.writeEnd
      }
    }
    do throws(ExecutorError) {
      let output = try stream("stdout", console: STDOUT_FILENO)
      return RunOutput(output: output, errors: try stream("stderr", console: STDERR_FILENO), ours: opened)
    } catch {
      for descriptor in opened { close(descriptor) }
      throw error
    }
  }

  /// The number of runs of a process whose logs are kept.
  static let keptRuns = 100

  private func removeLogs(_ directory: String) {
    do throws(SystemCallError) { try FileSystem.removeTree(FilePath(directory)) } catch {
      lastProblem = "cannot remove old logs: \(error)"
    }
  }

  private func follow(_ stream: LogStream) {
    logStreams[stream.readEnd] = stream
    loop.watch(stream.readEnd) { [unowned self] in
      if stream.pass() { return }
      loop.unwatch(stream.readEnd)
      logStreams[stream.readEnd] = nil
      stream.close()
    }
  }

  /// Notes how much processes have written past this executor. A run that has ended is noted for the last time.
  func markDirectLogs() {
    for log in directLogs.keys {
      guard var marks = directLogs.removeValue(forKey: log) else { continue }
      var status = stat()
      guard stat(log.path, &status) == 0 else { continue }
      if runs.values.contains(where: { $0.name == log.process && $0.run == log.run }) {
        marks.wrote(Int64(status.st_size))
        marks.close()
        directLogs[log] = marks
      } else {
        marks.ended(Int64(status.st_size))
        marks.close()
      }
    }
  }

  /// Reads the remaining bytes when no process of the task is left.
  func finishLogs() {
    markDirectLogs()
    for stream in logStreams.values {
      loop.unwatch(stream.readEnd)
      var state = pollfd(fd: stream.readEnd, events: Int16(POLLIN), revents: 0)
      while poll(&state, 1, 0) > 0, stream.pass() {}
      stream.close()
    }
    logStreams = [:]
  }
}

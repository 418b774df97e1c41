import JobModel

/// The end of a task, decided before its processes are gone.
enum TaskEnding: Hashable {
  case finished
  case failed(reason: String)
  case killed

  var status: TaskStatus {
    switch self {
    case .finished: .finished
    case .failed: .failed
    case .killed: .killed
    }
  }

  var message: String? {
    if case .failed(let reason) = self { reason } else { nil }
  }
}

/// The order in which a task is ended; each step gets its time, then the next one follows.
enum StopStep: Int, Hashable, Comparable {
  /// The processes continue unchanged, for the job's `drain_secs`: clients that found them in discovery can finish.
  case drain
  /// POST to the graceful shutdown endpoint.
  case quit
  /// POST to the shutdown endpoint.
  case abort
  /// SIGTERM to every process.
  case terminate
  /// SIGKILL, until none is left.
  case kill

  static func < (left: StopStep, right: StopStep) -> Bool { left.rawValue < right.rawValue }
}

/// The phase of a task between its start and its end.
enum TaskPhase: Hashable {
  case fetching
  /// The ordinary processes run.
  case active
  /// They are being ended.
  case stopping(StopStep, until: Duration)
  /// The final processes run.
  case finalizing(until: Duration)
  case stoppingFinal(StopStep, until: Duration)
  /// The remaining processes of the control group are killed.
  case clearing(until: Duration)
  case ended
}

/// The reports of background threads.
enum BackgroundResult: Sendable {
  /// Of a health check or a request to shut down; nil means success.
  case problem(String?)
  /// Of a walk over the disk.
  case bytes(Int)
  /// Of a file, in hexadecimal, or the reason why it could not be read.
  case digest(String?, problem: String?)
}

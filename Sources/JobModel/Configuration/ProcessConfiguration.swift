/// One process of a task: a command line run in a shell, and when to run it again.
public struct ProcessConfiguration: Sendable, Hashable {
  /// Unique in the task; a valid file name (logs are kept under it).
  public var name: String
  /// Run by `/bin/sh -c` (Aurora: a bash subshell), after late binding.
  public var cmdline: String
  /// Failed runs before the process counts as failed; 0 means try until it succeeds.
  public var maxFailures: Int
  /// True: a successful exit does not end it; it is run again.
  public var daemon: Bool
  /// True: its state does not decide whether the task is done.
  public var ephemeral: Bool
  /// The least time between the starts of two runs.
  public var minDuration: Duration
  /// True: runs after the ordinary processes have ended, within the task's `finalizationWait`.
  public var final: Bool
  /// The destination of output; nil uses the executor's own setting.
  public var logger: LoggerConfiguration?

  public init(
    name: String, cmdline: String, maxFailures: Int = 1, daemon: Bool = false, ephemeral: Bool = false,
    minDuration: Duration = .seconds(5), final: Bool = false, logger: LoggerConfiguration? = nil
  ) {
    self.name = name
    self.cmdline = cmdline
    self.maxFailures = maxFailures
    self.daemon = daemon
    self.ephemeral = ephemeral
    self.minDuration = minDuration
    self.final = final
    self.logger = logger
  }
}

/// The destination of a process's output and the amount that is kept.
public struct LoggerConfiguration: Sendable, Hashable {
  public enum Destination: String, Sendable, Hashable, CaseIterable {
    case file, console, both, none
  }

  public enum Mode: String, Sendable, Hashable, CaseIterable {
    /// One file, which grows until the disk quota ends it.
    case standard
    /// A file of at most `logSize` bytes and `backups` earlier ones.
    case rotate
  }

  public var destination: Destination
  public var mode: Mode
  /// Bytes of one log file when rotated.
  public var logSize: Int
  /// The number of rotated files that are kept beside the current one.
  public var backups: Int

  public init(
    destination: Destination = .file, mode: Mode = .standard, logSize: Int = 100 << 20, backups: Int = 5
  ) {
    self.destination = destination
    self.mode = mode
    self.logSize = logSize
    self.backups = backups
  }
}

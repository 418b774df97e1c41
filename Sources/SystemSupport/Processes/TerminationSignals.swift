internal import Glibc
internal import Synchronization

/// Lets a program put things in order when it is asked to end: SIGINT, SIGTERM, SIGHUP.
public enum TerminationSignals {
  private static let hasCome = Atomic<Bool>(false)

  /// Whether one of the signals has arrived, by which this process is about to end.
  public static var isEnding: Bool { hasCome.load(ordering: .acquiring) }

  /// Waits for the end of this process if one of the signals has arrived; otherwise returns at once.
  ///
  /// The interrupted call then has thrown an error. Nobody needs to see the error, because the process ends by the
  /// signal.
  public static func awaitEnd() {
    while isEnding { pauseMilliseconds(100) }
  }

  /// Calls `cleanUp` on a thread of its own when one of the signals comes, then ends this process by that signal, as if it
  /// had not been caught: whoever waits for it sees the truth. Called once, before other threads are started: the
  /// signals are blocked in the calling thread and those that it starts. Children of ``Subprocess`` have none blocked.
  public static func handle(_ cleanUp: @escaping @Sendable () -> Void) {
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, number) }
    guard pthread_sigmask(SIG_BLOCK, &signals, nil) == 0 else { return }
    let waiter = Waiter(signals: signals, cleanUp: cleanUp)
    var thread = pthread_t()
    let result = pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<Waiter>.fromOpaque(argument).takeRetainedValue().wait() }
        return nil
      }, Unmanaged.passRetained(waiter).toOpaque())
    // Without the thread, the signals end the process at once, as they do by default.
    if result != 0 { pthread_sigmask(SIG_UNBLOCK, &signals, nil) } else { pthread_detach(thread) }
  }

  private final class Waiter {
    var signals: sigset_t
    let cleanUp: @Sendable () -> Void

    init(signals: sigset_t, cleanUp: @escaping @Sendable () -> Void) {
      self.signals = signals
      self.cleanUp = cleanUp
    }

    func wait() {
      var number: CInt = 0
      while sigwait(&signals, &number) != 0 {}
      TerminationSignals.hasCome.store(true, ordering: .releasing)
      cleanUp()
      signal(number, SIG_DFL)
      pthread_sigmask(SIG_UNBLOCK, &signals, nil)
      kill(getpid(), number)
    }
  }

  /// Runs `body` with SIGINT and SIGQUIT ignored: a child that has the terminal decides their effect.
  public static func ignoringTerminal<Result>(_ body: () throws -> Result) rethrows -> Result {
    let (interrupt, quit) = (signal(SIGINT, SIG_IGN), signal(SIGQUIT, SIG_IGN))
    defer {
      signal(SIGINT, interrupt)
      signal(SIGQUIT, quit)
    }
    return try body()
  }
}

/// Replaces this process by a program, whose process id, terminal, signals and exit code are then this one's (execve(2)).
///
/// - Parameter environment: `NAME=value`; this process's own by default.
/// - Throws: when it cannot be started; otherwise it does not return.
public func replaceProcess(
  with program: FilePath, _ arguments: [String], environment: [String]? = nil
) throws(SystemCallError) -> Never {
  // Descriptors of ours are close-on-exec; a signal that is ignored here would stay ignored there.
  signal(SIGPIPE, SIG_DFL)
  // The signals that ``TerminationSignals`` waits for must not stay blocked either.
  var signals = sigset_t()
  sigemptyset(&signals)
  for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, number) }
  pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  withCStrings([program.string] + arguments) { arguments in
    withCStrings(environment ?? environmentStrings()) { environment in
      _ = program.withPlatformString { execve($0, arguments, environment) }
    }
  }
  throw .current("execve", program)
}

internal import Glibc
internal import Synchronization

/// Ends programs from another thread: those that run with it now, and those that are started with it later.
public final class ProcessCancellation: Sendable {
  private struct State {
    var sessions: Set<pid_t> = []
    var isCancelled = false
  }
  private let state = Mutex(State())

  /// A cancellation without programs.
  public init() {}

  public var isCancelled: Bool { state.withLock { $0.isCancelled } }

  /// Sends SIGTERM to the sessions of all running programs, and SIGKILL to the sessions that are left after `grace`.
  public func cancel(graceMilliseconds grace: Int = 2000) {
    let sessions = state.withLock { state in
      state.isCancelled = true
      return state.sessions
    }
    for session in sessions { signal(session, SIGTERM) }
    let deadline = monotonicNanoseconds() + UInt64(grace) * 1_000_000
    while state.withLock({ !$0.sessions.isEmpty }), monotonicNanoseconds() < deadline { pauseMilliseconds(2) }
    for session in state.withLock({ $0.sessions }) { signal(session, SIGKILL) }
  }

  /// Under the lock, so that the process is not yet reaped, and no other process has its ID.
  private func signal(_ session: pid_t, _ number: CInt) {
    state.withLock { state in
      if state.sessions.contains(session) { kill(-session, number) }
    }
  }

  /// Registers a started program that leads a session.
  func begin(_ session: pid_t) {
    state.withLock { state in
      state.sessions.insert(session)
      // Too early for a program to have anything to tidy up, and for bubblewrap to have tied its children to itself.
      if state.isCancelled { kill(-session, SIGKILL) }
    }
  }

  /// Forgets a program, before it is reaped.
  func end(_ session: pid_t) { state.withLock { _ = $0.sessions.remove(session) } }
}

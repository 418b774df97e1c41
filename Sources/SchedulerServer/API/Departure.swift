internal import Synchronization

/// The departure of a stream's reader, which the stream would otherwise notice only at its next write.
final class Departure: Sendable {
  private struct State {
    var hasHappened = false
    var action: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())

  var hasHappened: Bool { state.withLock { $0.hasHappened } }

  /// Has `action` run when it happens, at once if it has.
  func whenItHappens(_ action: @escaping @Sendable () -> Void) {
    let isLate = state.withLock { state in
      state.action = action
      return state.hasHappened
    }
    if isLate { action() }
  }

  func happen() {
    let action = state.withLock { state in
      state.hasHappened = true
      return state.action
    }
    action?()
  }
}

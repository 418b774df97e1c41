internal import Synchronization

/// Decides when a remote cache is left alone for the rest of the run: after a few failures in a row, or after one that
/// no further request can mend.
final class Breaker: Sendable {
  private struct State {
    var failures = 0
    var isOpen = false
    var hasSucceeded = false
    var lastReason: String?
  }

  private let state = Mutex(State())
  private let limit: Int
  private let opened: @Sendable (String) -> Void

  /// - Parameters:
  ///   - limit: the number of failures in a row.
  ///   - opened: is told the reason, once.
  init(limit: Int = 3, opened: @escaping @Sendable (String) -> Void) {
    self.limit = limit
    self.opened = opened
  }

  /// Whether the cache is left alone.
  var isOpen: Bool { state.withLock { $0.isOpen } }

  /// Leaves the cache alone without telling anybody.
  func open() { state.withLock { $0.isOpen = true } }

  func succeed() {
    state.withLock { state in
      state.failures = 0
      state.hasSucceeded = true
    }
  }

  /// Leaves a cache alone that has failed and never answered, at the end of a command with few requests.
  func settle() {
    let reason = state.withLock { $0.hasSucceeded ? nil : $0.lastReason }
    if let reason { fail(reason, isFinal: true) }
  }

  /// - Parameter isFinal: whether no further request can succeed.
  func fail(_ reason: String, isFinal: Bool = false) {
    let isFirst = state.withLock { state in
      state.failures += 1
      state.lastReason = reason
      guard !state.isOpen, isFinal || state.failures >= limit else { return false }
      state.isOpen = true
      return true
    }
    if isFirst { opened(reason) }
  }
}

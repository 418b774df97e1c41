internal import Synchronization

/// Whether the scheduler can write its state. Requests read it without waiting for the scheduler, which can be waiting
/// for a disk.
final class ServerHealth: Sendable {
  private let state = Mutex<String?>(nil)

  /// Why the state cannot be written; nil while it can.
  var failure: String? { state.withLock { $0 } }

  func report(_ failure: String?) { state.withLock { $0 = failure } }
}

import CCurlShims
import Glibc
import Synchronization

/// Ends requests from another thread. One cancellation can serve several requests; once cancelled, it stays cancelled.
public final class HTTPCancellation: Sendable {
  private struct State {
    var isCancelled = false
    /// The addresses of the `CURLM`s that wait on behalf of this, by registration.
    var waiting: [Int: UInt] = [:]
    var next = 0
  }
  private let state = Mutex(State())

  public init() {}

  public var isCancelled: Bool { state.withLock { $0.isCancelled } }

  /// Ends the requests now; they throw ``HTTPError`` of kind `cancelled`. Any thread, any number of times.
  public func cancel() {
    // The wake-up is inside the lock: `whileRegistered` leaves only after it, so the handle is still alive.
    state.withLock { state in
      state.isCancelled = true
      // The end of the poll, after 10 s at most, compensates for a failed wake-up: it sees `isCancelled`.
      for address in state.waiting.values { _ = kilt_curl_multi_wakeup(UnsafeMutableRawPointer(bitPattern: address)) }
    }
  }

  /// Runs `body` while `cancel` wakes `multi`.
  func whileRegistered<Result>(_ multi: UnsafeMutableRawPointer, _ body: () throws -> Result) rethrows -> Result {
    let key = state.withLock { state in
      state.next += 1
      state.waiting[state.next] = UInt(bitPattern: multi)
      return state.next
    }
    defer { state.withLock { $0.waiting[key] = nil } }
    return try body()
  }

  /// Waits, in slices short enough that a cancelled wait ends soon. Whether it was cancelled.
  static func sleep(milliseconds: Int, _ cancellation: HTTPCancellation?) -> Bool {
    var left = milliseconds
    while left > 0 {
      if cancellation?.isCancelled == true { return true }
      let slice = min(left, cancellation == nil ? left : 20)
      usleep(UInt32(clamping: slice * 1000))
      left -= slice
    }
    return cancellation?.isCancelled ?? false
  }
}

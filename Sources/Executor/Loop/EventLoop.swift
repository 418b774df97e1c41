import CSystemShims
import Glibc

/// One thread's poll(2) over descriptors that each have something to do when they become readable.
final class EventLoop {
  private var handlers: [Int32: () -> Void] = [:]

  /// Calls `handler` whenever the descriptor is readable or at its end, until it is unwatched.
  func watch(_ descriptor: Int32, _ handler: @escaping () -> Void) { handlers[descriptor] = handler }

  func unwatch(_ descriptor: Int32) { handlers[descriptor] = nil }

  /// Waits until something is readable or `deadline` has come, and calls the due handlers. A handler can watch and
  /// unwatch any descriptor.
  func runOnce(until deadline: Duration?) {
    var polled = handlers.keys.sorted().map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    var timeout: Int32 = -1
    if let deadline {
      // Rounded up: a wake-up just before the deadline would be useless.
      let left = (deadline - Monotonic.now()) + .microseconds(999)
      timeout = Int32(
        clamping: max(0, left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000))
    }
    guard poll(&polled, nfds_t(polled.count), timeout) > 0 else { return }
    for entry in polled where entry.revents != 0 { handlers[entry.fd]?() }
  }
}

/// The clock that nobody sets; its zero has no meaning.
enum Monotonic {
  static func now() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }

  /// Milliseconds since 1970, for records.
  static func wallMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}

internal import Glibc
internal import SystemSupport

/// A count that threads wait for, no longer than until a point in time.
final class Condition: @unchecked Sendable {
  // Invariant: the pointers are set once; what is behind them is used through pthread calls alone, `value` with the
  // mutex held.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var value = 0

  init() {
    mutex.initialize(to: pthread_mutex_t())
    condition.initialize(to: pthread_cond_t())
    pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    // A clock that is set meanwhile makes no wait longer.
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// How often was notified so far.
  var count: Int {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return value
  }

  func notify() {
    pthread_mutex_lock(mutex)
    value += 1
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }

  /// Waits for a notification after the `seen`-th.
  ///
  /// - Parameter deadline: in nanoseconds of the monotonic clock.
  func wait(after seen: Int, until deadline: UInt64) {
    var time = timespec(
      tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
    pthread_mutex_lock(mutex)
    while value == seen, pthread_cond_timedwait(condition, mutex, &time) == 0 {}
    pthread_mutex_unlock(mutex)
  }
}

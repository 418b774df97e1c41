import Digests
import Glibc
import Synchronization
import SystemSupport

/// Computes digests of a file while another thread writes it: the digest of what is in the file, at no extra time
/// where there are two processors.
final class FollowingHasher: Sendable {
  private struct State {
    /// Bytes that have reached the file.
    var written: UInt64 = 0
    var isDone = false
  }

  private let state = Mutex(State())
  private let wakeUp: WakeUp

  init() { wakeUp = WakeUp() }

  /// Tells how far the writer has come.
  func advance(to written: UInt64) {
    state.withLock { $0.written = written }
    wakeUp.signal()
  }

  /// The writer is done, or has failed.
  func finish() {
    state.withLock { $0.isDone = true }
    wakeUp.signal()
  }

  /// Reads the file to its end, waiting for the writer.
  /// - Parameter parts: sizes of consecutive parts, each of which gets a digest where `needed`.
  /// - Returns: the digest of the whole, and those of the parts.
  func run(
    _ file: FileDescriptor, parts: [(size: UInt64, needed: Bool)]
  ) throws(SystemCallError) -> (whole: SHA256Digest, parts: [SHA256Digest?]) {
    var whole = SHA256Hasher()
    var digests: [SHA256Digest?] = []
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)
    defer { buffer.deallocate() }
    var offset: UInt64 = 0
    for part in parts {
      var hasher = SHA256Hasher()
      let end = offset + part.size
      while offset < end {
        let available = wait(beyond: offset)
        // The last part ends with the file.
        guard available > offset else { break }
        let count = Int(min(UInt64(buffer.count), min(available, end) - offset))
        let read = pread(file.rawValue, buffer.baseAddress, count, off_t(offset))
        if read < 0, errno == EINTR { continue }
        guard read > 0 else { throw SystemCallError("pread", nil, read < 0 ? Errno(rawValue: errno) : .ioError) }
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<read])
        whole.update(bytes)
        if part.needed { hasher.update(bytes) }
        offset += UInt64(read)
      }
      digests.append(part.needed ? hasher.digest() : nil)
    }
    return (whole.digest(), digests)
  }

  /// Waits until there is something behind `offset`, or nothing more will come. Returns how far it goes.
  private func wait(beyond offset: UInt64) -> UInt64 {
    while true {
      let seen = wakeUp.count()
      let (written, isDone) = state.withLock { ($0.written, $0.isDone) }
      if written > offset || isDone { return written }
      wakeUp.wait(after: seen)
    }
  }
}

/// A condition variable with a counter, so that no signal is lost between looking and waiting.
private final class WakeUp: @unchecked Sendable {
  // The pthread objects are allocated once and used through their addresses; `signals` is under the mutex.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var signals: UInt64 = 0

  init() {
    mutex.initialize(to: pthread_mutex_t())
    condition.initialize(to: pthread_cond_t())
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  func count() -> UInt64 {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return signals
  }

  func signal() {
    pthread_mutex_lock(mutex)
    signals += 1
    pthread_cond_signal(condition)
    pthread_mutex_unlock(mutex)
  }

  func wait(after seen: UInt64) {
    pthread_mutex_lock(mutex)
    while signals == seen { pthread_cond_wait(condition, mutex) }
    pthread_mutex_unlock(mutex)
  }
}

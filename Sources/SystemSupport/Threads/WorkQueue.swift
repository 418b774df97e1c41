internal import Glibc
internal import Synchronization

/// Work on a bounded number of threads, whose results one thread receives as they finish.
///
/// Work begins in the order in which it was added. Threads live as long as they have work.
public final class WorkQueue<Value: Sendable>: Sendable {
  private typealias Item = (id: Int, body: @Sendable () throws -> Value)
  private struct State {
    var waiting: [Item] = []
    var threads = 0
    var finished: [(id: Int, result: Result<Value, any Error>)] = []
    var underWay = 0
    var isStopped = false

    mutating func stop() {
      isStopped = true
      underWay -= waiting.count
      waiting = []
    }
  }
  private let limit: Int
  private let stopsAtFailure: Bool
  private let state = Mutex(State())
  private let signal = Condition()

  /// - Parameters:
  ///   - threads: the number of parallel items, at least one.
  ///   - stopsAtFailure: whether no further item begins after one has thrown an error.
  public init(threads: Int, stopsAtFailure: Bool = false) {
    limit = max(1, threads)
    self.stopsAtFailure = stopsAtFailure
  }

  /// Hands in some work; `id` comes back with its result, unless it is stopped before it begins.
  public func start(_ id: Int, _ body: @escaping @Sendable () throws -> Value) {
    let needsThread = state.withLock { state in
      if state.isStopped { return false }
      state.waiting.append((id, body))
      state.underWay += 1
      guard state.threads < limit else { return false }
      state.threads += 1
      return true
    }
    guard needsThread else { return }
    let isStarted = startThread { self.run() }
    // No thread to be had: this one does it, unless others are there to.
    if !isStarted { run() }
  }

  /// Drops waiting items and accepts no more; running items continue.
  public func stop() { state.withLock { $0.stop() } }

  /// Waits for the next result; nil if nothing is in progress.
  public func next() -> (id: Int, result: Result<Value, any Error>)? {
    while true {
      let seen = signal.count
      let found = state.withLock { state -> (id: Int, result: Result<Value, any Error>)?? in
        if !state.finished.isEmpty {
          state.underWay -= 1
          return state.finished.removeFirst()
        }
        return state.underWay == 0 ? .some(nil) : nil
      }
      if let found { return found }
      signal.wait(after: seen)
    }
  }

  /// Works until no item is waiting.
  private func run() {
    var done: (id: Int, result: Result<Value, any Error>)?
    while true {
      // A failure is noted before anything else can begin.
      let item = state.withLock { state -> Item? in
        if let done {
          state.finished.append(done)
          if stopsAtFailure, case .failure = done.result { state.stop() }
        }
        guard !state.waiting.isEmpty else {
          state.threads -= 1
          return nil
        }
        return state.waiting.removeFirst()
      }
      if done != nil { signal.notify() }
      guard let item else { return }
      done = (item.id, Result { try item.body() })
    }
  }
}

/// A count that threads wait for.
private final class Condition: @unchecked Sendable {
  // Invariant: the pointers are set once; only pthread calls use the memory that they point to, `value` with the mutex
  // held.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var value = 0

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

  func wait(after seen: Int) {
    pthread_mutex_lock(mutex)
    while value == seen { pthread_cond_wait(condition, mutex) }
    pthread_mutex_unlock(mutex)
  }
}

/// Starts a thread that nobody waits for.
///
/// - Returns: whether a thread could be started; otherwise `body` does not run.
public func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
  final class Box: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  let argument = Unmanaged.passRetained(Box(body))
  var thread = pthread_t()
  let result = pthread_create(
    &thread, nil,
    { argument in
      if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
      return nil
    }, argument.toOpaque())
  if result != 0 {
    argument.release()
    return false
  }
  pthread_detach(thread)
  return true
}

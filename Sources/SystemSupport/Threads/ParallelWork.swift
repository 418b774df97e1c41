internal import Glibc
internal import Synchronization

/// Runs `body` for every index below `count` on up to `threads` separate threads and waits for all.
///
/// For blocking work: this function never uses Swift's cooperative pool. `body` runs on several threads at once.
public func performInParallel(
  count: Int, threads: Int = availableProcessors(), _ body: @Sendable (Int) -> Void
) {
  if count <= 1 || threads <= 1 {
    for index in 0..<max(0, count) { body(index) }
    return
  }
  withoutActuallyEscaping(body) { body in
    let work = ParallelWork(count: count, body: body)
    var started: [pthread_t] = []
    for _ in 1..<min(threads, count) {
      var thread = pthread_t()
      let argument = Unmanaged.passRetained(work)
      let result = pthread_create(
        &thread, nil,
        { argument in
          if let argument { Unmanaged<ParallelWork>.fromOpaque(argument).takeRetainedValue().run() }
          return nil
        }, argument.toOpaque())
      if result != 0 {
        // No more threads to be had: those there are do the work.
        argument.release()
        break
      }
      started.append(thread)
    }
    work.run()
    for thread in started { pthread_join(thread, nil) }
  }
}

/// Does one thing on a thread of its own while this thread does another, and waits for both.
public func performBeside<First: Sendable, Second>(
  _ first: @Sendable () -> First, _ second: () -> Second
) -> (First, Second) {
  withoutActuallyEscaping(first) { first in
    let work = WorkBeside(body: first)
    var thread = pthread_t()
    let argument = Unmanaged.passRetained(work)
    let result = pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<AnyWork>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
      }, argument.toOpaque())
    // Without a further thread it is done afterwards.
    if result != 0 { argument.release() }
    let other = second()
    if result == 0 { pthread_join(thread, nil) }
    return (work.finish(), other)
  }
}

/// The work that a thread runs.
private class AnyWork {
  func run() {}
}

private final class WorkBeside<Value: Sendable>: AnyWork {
  private let body: @Sendable () -> Value
  // Written by the thread that runs the body, read by the one that has waited for it.
  private var value: Value?

  init(body: @escaping @Sendable () -> Value) { self.body = body }

  override func run() { value = body() }

  /// The result of the body. Runs the body if no thread has.
  func finish() -> Value { value ?? body() }
}

private final class ParallelWork: Sendable {
  private let next = Atomic<Int>(0)
  private let count: Int
  private let body: @Sendable (Int) -> Void

  init(count: Int, body: @escaping @Sendable (Int) -> Void) {
    self.count = count
    self.body = body
  }

  func run() {
    while true {
      let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
      if index >= count { return }
      body(index)
    }
  }
}

import Glibc
import Synchronization

extension HTTPClient {
  /// Sends many requests, at most `maxConcurrency` at a time. The outcomes are in the order of the requests.
  public func perform(
    _ requests: [HTTPRequest], maxConcurrency: Int = 8, cancellation: HTTPCancellation? = nil
  ) -> [Result<HTTPResponse, any Error>] {
    concurrently(requests.count, maxConcurrency: maxConcurrency) { index in
      try self.send(requests[index], cancellation: cancellation)
    }
  }

  /// Runs `body` for 0..<count on at most `maxConcurrency` threads: for downloads whose bytes each go through a check of
  /// their own. The outcomes are in the order of the indices; one failure does not end the others.
  public func concurrently<Success: Sendable>(
    _ count: Int, maxConcurrency: Int = 8, _ body: @Sendable (Int) throws -> Success
  ) -> [Result<Success, any Error>] {
    withoutActuallyEscaping(body) { body in
      let outcomes = Mutex<[Result<Success, any Error>?]>(Array(repeating: nil, count: count))
      let next = Atomic<Int>(0)
      withThreads(min(count, max(1, maxConcurrency))) {
        while true {
          let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
          guard index < count else { return }
          let outcome = Result { try body(index) }
          outcomes.withLock { $0[index] = outcome }
        }
      }
      return outcomes.withLock { $0.compactMap(\.self) }
    }
  }
}

/// Runs `body` on `count` threads, the calling one among them, and returns when all are done. Fewer threads than asked
/// for do the same work when the system gives no more.
private func withThreads(_ count: Int, _ body: @Sendable () -> Void) {
  withoutActuallyEscaping(body) { body in
    final class Work: Sendable {
      let body: @Sendable () -> Void
      init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let work = Work(body)
    var threads: [pthread_t] = []
    for _ in 1..<max(count, 2) where count > 1 {
      var thread = pthread_t()
      let context = Unmanaged.passRetained(work)
      let code = pthread_create(
        &thread, nil,
        { context in
          guard let context else { return nil }
          Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body()
          return nil
        }, context.toOpaque())
      guard code == 0 else {
        context.release()
        break
      }
      threads.append(thread)
    }
    body()
    for thread in threads { pthread_join(thread, nil) }
  }
}

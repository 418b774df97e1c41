import Synchronization
import SystemSupport

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
    let outcomes = Mutex<[Result<Success, any Error>?]>(Array(repeating: nil, count: count))
    performInParallel(count: count, threads: max(1, maxConcurrency)) { index in
      let outcome = Result { try body(index) }
      outcomes.withLock { $0[index] = outcome }
    }
    return outcomes.withLock { $0.compactMap(\.self) }
  }
}

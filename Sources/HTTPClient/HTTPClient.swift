import CCurlShims
import Glibc
import Synchronization
import SystemSupport

/// Performs HTTP requests, one at a time on the calling thread. Any number of threads can use one client at once, and
/// they share its open connections. Start-up costs nothing: libcurl is loaded by the first request.
public final class HTTPClient: Sendable {
  private let idle = Mutex<[Connection]>([])
  private let retry: RetryPolicy
  /// Connections that are kept open for the next request.
  private static let idleLimit = 32

  public init(retry: RetryPolicy = .standard) { self.retry = retry }

  /// Returns the answer to a request, of any status, with its body in memory.
  ///
  /// Throws ``HTTPError``: no answer, or a body larger than `limit` bytes.
  public func send(
    _ request: HTTPRequest, limit: Int64 = 256 << 20, cancellation: HTTPCancellation? = nil
  ) throws -> HTTPResponse {
    try attempts(request, limit: limit, sink: nil, cancellation) { true }
  }

  /// Passes the body of a successful answer to `receive`, piece by piece, on the calling thread.
  ///
  /// If the answer is not a success, returns it with the beginning of its body and passes nothing. Does not repeat the
  /// request after `receive` has been called. Throws ``HTTPError``, or the error of `receive` (which ends the
  /// transfer).
  ///
  /// - Parameter onHead: called with status and fields of a success before the first piece of its body.
  public func download(
    _ request: HTTPRequest, limit: Int64 = .max, cancellation: HTTPCancellation? = nil,
    onHead: ((HTTPResponse) -> Void)? = nil, receive: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> HTTPResponse {
    try withoutActuallyEscaping(receive) { receive in
      try attempts(request, limit: limit, sink: receive, cancellation, onHead: onHead) { false }
    }
  }

  /// Writes the body of a successful answer to a file, from the descriptor's current offset on; repeats start there
  /// again. Flushing it to the disk is left to the caller.
  public func download(
    _ request: HTTPRequest, to descriptor: Int32, limit: Int64 = .max, cancellation: HTTPCancellation? = nil
  ) throws -> HTTPResponse {
    let start = lseek(descriptor, 0, SEEK_CUR)
    let write: Transfer.Sink = { bytes in
      var left = bytes[...]
      while !left.isEmpty {
        let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: left).baseAddress, left.count)
        if count < 0 {
          if errno == EINTR { continue }
          throw HTTPFileError(url: redactedURL(request.url), code: errno)
        }
        left = left.dropFirst(count)
      }
    }
    return try attempts(request, limit: limit, sink: write, cancellation) {
      // A pipe cannot go back.
      start >= 0 && ftruncate(descriptor, start) == 0 && lseek(descriptor, start, SEEK_SET) == start
    }
  }

  /// Receives an answer that can be endless, such as server-sent events: as
  /// ``download(_:limit:cancellation:receive:)``, but silence is not an error, and `onBytes` ends the stream by
  /// returning false.
  public func stream(
    _ request: HTTPRequest, cancellation: HTTPCancellation? = nil, onBytes: (UnsafeRawBufferPointer) throws -> Bool
  ) throws -> HTTPResponse {
    struct Enough: Error {}
    var request = request
    request.timeouts.stall = nil
    do {
      return try download(request, cancellation: cancellation) { bytes in
        guard try onBytes(bytes) else { throw Enough() }
      }
    } catch is Enough {
      return HTTPResponse(status: 200, url: redactedURL(request.url))
    }
  }

  private func attempts(
    _ request: HTTPRequest, limit: Int64, sink: Transfer.Sink?, _ cancellation: HTTPCancellation?,
    onHead: ((HTTPResponse) -> Void)? = nil, startOver: () -> Bool
  ) throws -> HTTPResponse {
    var attempt = 1
    let start = monotonicNanoseconds()
    var request = request
    let total = request.timeouts.total
    /// The remaining milliseconds for all attempts; nil means no limit.
    func remaining() -> Int? {
      request.timeouts.whole.map { $0 - Int((monotonicNanoseconds() - start) / 1_000_000) }
    }
    while true {
      if let remaining = remaining() { request.timeouts.total = max(1, min(total ?? .max, remaining)) }
      let transfer = try Transfer(request, limit: limit, sink: sink)
      transfer.onHead = onHead
      let outcome = Result { try withConnection(request) { try $0.perform(transfer, cancellation) } }
      var retryAfter: Int64?
      switch outcome {
      case .success(let end):
        let response = HTTPResponse(
          status: transfer.status, headers: transfer.headers, body: transfer.body, url: end.url)
        guard request.method.isIdempotent, RetryPolicy.isTransient(status: transfer.status) else { return response }
        retryAfter = end.retryAfter
      case .failure(let error as HTTPError):
        let isTransient = [.timedOut, .interrupted].contains(error.kind) && request.method.isIdempotent
        guard error.isBeforeSending || isTransient else { throw error }
      case .failure(let error): throw error
      }
      let canRepeat = transfer.delivered == 0 || startOver()
      guard canRepeat,
        let delay = retry.delay(after: attempt, retryAfter: retryAfter, random: .random(in: 0..<1)),
        remaining().map({ $0 > delay }) ?? true
      else {
        let end = try outcome.get()
        return HTTPResponse(status: transfer.status, headers: transfer.headers, body: transfer.body, url: end.url)
      }
      if HTTPCancellation.sleep(milliseconds: delay, cancellation) { throw HTTPError(.cancelled, request) }
      attempt += 1
    }
  }

  private func withConnection<Success>(
    _ request: HTTPRequest, _ body: (Connection) throws -> Success
  ) throws -> Success {
    let connection = try idle.withLock { $0.popLast() } ?? Connection(for: request)
    defer { idle.withLock { if $0.count < Self.idleLimit { $0.append(connection) } } }
    return try body(connection)
  }
}

import HTTPClient
import SystemSupport

/// Requests of the storages behind HTTP.
enum HTTPTransfer {
  /// Sends a request and returns the answer, of whatever status.
  static func send(
    _ request: HTTPRequest, client: HTTPClient, limit: Int = 64 << 20, location: String
  ) throws(ArtifactError) -> HTTPResponse {
    do {
      return try client.send(request, limit: Int64(limit))
    } catch {
      throw translate(error, location)
    }
  }

  /// Receives a body piece by piece. Where the connection breaks in the middle, what is missing is asked for again: what
  /// is under one key never changes. Returns the last answer; its status says whether there was a body.
  ///
  /// - Parameters:
  ///   - resumes: whether `request` asks for what is missing; a server that sends all again is understood.
  ///   - window: the run of the body that is wanted. A server that sends the whole body all the same is cut short.
  static func download(
    client: HTTPClient, limit: Int64, key: String, location: String, resumes: Bool,
    limits: TransferLimits, window: Range<Int64>? = nil,
    request: (_ offset: Int64) throws(ArtifactError) -> HTTPRequest, receive: BytesReceiver
  ) throws(ArtifactError) -> HTTPResponse {
    var received: Int64 = 0
    let deadline = monotonicNanoseconds() + UInt64(limits.whole(bytes: limit)) * 1_000_000
    for attempt in 1...20 {
      let asked = received
      let outcome: Result<HTTPResponse, any Error>
      do {
        let request = try request(resumes ? asked : 0)
        var repeated = resumes ? 0 : asked
        if let window {
          outcome = .success(
            try Self.download(client, request, window.lowerBound + asked..<window.upperBound) { bytes in
              try receive(bytes)
              received += Int64(bytes.count)
            })
        } else {
          outcome = .success(
            try client.download(
              request, limit: limit,
              // A server that does not know ranges, or a proxy before it, begins again.
              onHead: { response in if response.status != 206 { repeated = asked } }
            ) { bytes in
              let fresh = bytes.dropFirst(Int(min(repeated, Int64(bytes.count))))
              repeated -= Int64(bytes.count - fresh.count)
              if !fresh.isEmpty { try receive(UnsafeRawBufferPointer(rebasing: fresh)) }
              received += Int64(fresh.count)
            })
        }
      } catch {
        outcome = .failure(error)
      }
      switch outcome {
      case .success(let response): return response
      case .failure(let error as HTTPError)
      where [.interrupted, .timedOut].contains(error.kind) && received > asked && attempt < 20
        && monotonicNanoseconds() < deadline:
        continue
      case .failure(let error as HTTPError):
        if case .tooLarge = error.kind {
          let digest = key.split(separator: "/").last.map(String.init) ?? key
          throw .damagedBlob(
            digest: digest, segment: digest, found: "longer than \(limit - 1) bytes", repository: location)
        }
        throw translate(error, location)
      case .failure(let error): throw translate(error, location)
      }
    }
    throw .server(repository: location, reason: "the connection broke too often")
  }

  /// Receives a range of a body. A server without ranges sends the whole body (RFC 9110 section 14.2): bytes before the
  /// range are skipped, and the transfer ends after it.
  private static func download(
    _ client: HTTPClient, _ request: HTTPRequest, _ window: Range<Int64>,
    receive: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> HTTPResponse {
    struct Enough: Error {}
    var position = window.lowerBound
    var isWhole = false
    do {
      return try client.download(
        request,
        onHead: { response in
          // 206 begins where it was asked to; 200 at the beginning.
          isWhole = response.status != 206
          if isWhole { position = 0 }
        },
        receive: { bytes in
          let start = position
          position += Int64(bytes.count)
          let skipped = min(max(0, window.lowerBound - start), Int64(bytes.count))
          let end = min(Int64(bytes.count), max(0, window.upperBound - start))
          if end > skipped { try receive(UnsafeRawBufferPointer(rebasing: bytes[Int(skipped)..<Int(end)])) }
          if isWhole, position >= window.upperBound { throw Enough() }
        })
    } catch is Enough {
      return HTTPResponse(status: 206, url: redactedURL(request.url))
    }
  }

  /// An error of the client as one of a repository.
  static func translate(_ error: any Error, _ location: String) -> ArtifactError {
    switch error {
    case let error as ArtifactError: error
    case let error as HTTPError:
      switch error.kind {
      case .unreachable, .timedOut, .tls, .interrupted:
        .unreachable(repository: location, cause: error.detail.isEmpty ? "\(error.kind)" : error.detail)
      default: .client(error.diagnostic)
      }
    case let error as HTTPFileError: .file(SystemCallError("write", nil, Errno(rawValue: error.code)))
    default: .server(repository: location, reason: "\(error)")
    }
  }
}

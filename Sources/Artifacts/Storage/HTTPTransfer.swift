import HTTPClient
import SystemSupport

/// What the storages behind HTTP have in common.
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
  /// - Parameter resumes: whether the server answers to `Range`; otherwise all is sent again, and what is here skipped.
  static func download(
    client: HTTPClient, limit: Int64, key: String, location: String, resumes: Bool,
    request: (_ offset: Int64) throws(ArtifactError) -> HTTPRequest, receive: BytesReceiver
  ) throws(ArtifactError) -> HTTPResponse {
    var received: Int64 = 0
    for attempt in 1...20 {
      let asked = received
      let outcome: Result<HTTPResponse, any Error>
      do {
        let request = try request(resumes ? asked : 0)
        var repeated = resumes ? 0 : asked
        outcome = .success(
          try client.download(request, limit: limit) { bytes in
            let fresh = bytes.dropFirst(Int(min(repeated, Int64(bytes.count))))
            repeated -= Int64(bytes.count - fresh.count)
            if !fresh.isEmpty { try receive(UnsafeRawBufferPointer(rebasing: fresh)) }
            received += Int64(fresh.count)
          })
      } catch {
        outcome = .failure(error)
      }
      switch outcome {
      case .success(let response): return response
      case .failure(let error as HTTPError)
      where [.interrupted, .timedOut].contains(error.kind) && received > asked && attempt < 20:
        continue
      case .failure(let error as HTTPError):
        if case .tooLarge = error.kind {
          let digest = key.split(separator: "/").last.map(String.init) ?? key
          throw .damagedBlob(digest: digest, found: "longer than \(limit - 1) bytes", repository: location)
        }
        throw translate(error, location)
      case .failure(let error): throw translate(error, location)
      }
    }
    throw .server(repository: location, reason: "the connection broke too often")
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

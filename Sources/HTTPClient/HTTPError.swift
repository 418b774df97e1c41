public import Diagnostics
import Glibc

/// Why a request did not get its answer.
public struct HTTPError: DiagnosableError, Hashable {
  /// The kinds that a caller can distinguish.
  public enum Kind: Sendable, Hashable {
    /// libcurl is not on this machine.
    case libraryMissing
    /// Not an `http:` or `https:` URL.
    case badURL
    /// The name does not resolve, or nobody answers there, or the proxy does not.
    case unreachable
    case timedOut
    /// The certificate or the handshake.
    case tls
    /// The connection ended in the middle.
    case interrupted
    /// The caller's ``HTTPCancellation``.
    case cancelled
    /// The response's body is larger than the caller's limit, in bytes.
    case tooLarge(limit: Int64)
    /// The file to send cannot be read as asked.
    case requestBody
    /// An answer that the caller cannot use.
    case status(Int)
    /// Any other error of libcurl.
    case other
  }

  public var kind: Kind
  public var method: HTTPMethod
  /// Without credentials.
  public var url: String
  /// The words of libcurl, the system or the server.
  public var detail: String

  public init(_ kind: Kind, _ request: HTTPRequest, detail: String = "") {
    self.kind = kind
    method = request.method
    url = redactedURL(request.url)
    self.detail = detail
  }

  /// Whether the request cannot have reached the server, so that sending it again is always safe.
  public var isBeforeSending: Bool { kind == .unreachable }

  public var diagnostic: Diagnostic {
    let notes = detail.isEmpty ? [] : [detail]
    let network = ["check the network, and the proxy variables (http_proxy, https_proxy, no_proxy)"]
    return switch kind {
    case .libraryMissing:
      Diagnostic(
        .environment, "no HTTP without libcurl", notes: notes,
        remedies: ["install it: apt-get install libcurl4 (Debian, Ubuntu), dnf install libcurl (Fedora)"])
    case .badURL: Diagnostic(.input, "not an HTTP URL: \"\(url)\"", notes: notes)
    case .unreachable: Diagnostic(.environment, "cannot reach \"\(url)\"", notes: notes, remedies: network)
    case .timedOut: Diagnostic(.environment, "no answer in time from \"\(url)\"", notes: notes, remedies: network)
    case .tls:
      Diagnostic(
        .environment, "no trusted connection to \"\(url)\"", notes: notes,
        remedies: ["for a certificate authority of your own, name its file in SSL_CERT_FILE"])
    case .interrupted: Diagnostic(.environment, "the connection to \"\(url)\" broke", notes: notes, remedies: network)
    case .cancelled: Diagnostic(.work, "\(method) \"\(url)\" was cancelled")
    case .tooLarge(let limit):
      Diagnostic(.environment, "the answer from \"\(url)\" is larger than the \(limit) bytes expected", notes: notes)
    case .requestBody: Diagnostic(.environment, "cannot read what \(method) \"\(url)\" is to send", notes: notes)
    case .status(let status):
      Diagnostic(
        .environment, "\(method) \"\(url)\" was answered with status \(status)", notes: notes,
        remedies: status == 401 || status == 403
          ? ["check the credentials for this host (netrc file, or the URL's user name and password)"] : [])
    case .other: Diagnostic(.environment, "\(method) \"\(url)\" failed", notes: notes)
    }
  }
}

/// A body that could not be written to the caller's descriptor: a full disk, for one.
public struct HTTPFileError: DiagnosableError, Hashable {
  /// Without credentials.
  public var url: String
  /// The `errno` of write(2).
  public var code: Int32

  public var diagnostic: Diagnostic {
    Diagnostic(
      .environment, "cannot store what was received from \"\(url)\"", notes: [String(cString: strerror(code))],
      remedies: code == ENOSPC || code == EDQUOT ? ["make room on the disk"] : [])
  }
}

/// A request method (RFC 9110 section 9).
public struct HTTPMethod: Sendable, Hashable, RawRepresentable, CustomStringConvertible {
  public var rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }

  public static let get = HTTPMethod(rawValue: "GET")
  public static let head = HTTPMethod(rawValue: "HEAD")
  public static let put = HTTPMethod(rawValue: "PUT")
  public static let post = HTTPMethod(rawValue: "POST")
  public static let patch = HTTPMethod(rawValue: "PATCH")
  public static let delete = HTTPMethod(rawValue: "DELETE")
  public static let options = HTTPMethod(rawValue: "OPTIONS")

  /// Whether sending the request twice has the effect of sending it once (RFC 9110 section 9.2.2).
  public var isIdempotent: Bool { [.get, .head, .put, .delete, .options].contains(self) }

  public var description: String { rawValue }
}

/// The body of a request.
public enum HTTPBody: Sendable, Hashable {
  case none
  case bytes([UInt8])
  /// `length` bytes of a file from `offset`; read while they are sent, and again for a retry.
  case file(path: String, offset: Int64, length: Int64)
}

/// The time limits of a request, in milliseconds; nil means no limit.
public struct HTTPTimeouts: Sendable, Hashable {
  /// Resolving the name, connecting and the TLS handshake.
  public var connect: Int
  /// No byte received or sent for so long; rounded up to whole seconds.
  public var stall: Int?
  /// One attempt from beginning to end.
  public var total: Int?

  /// All attempts together, with the pauses between them.
  public var whole: Int?

  public init(connect: Int = 15_000, stall: Int? = 60_000, total: Int? = nil, whole: Int? = nil) {
    self.connect = connect
    self.stall = stall
    self.total = total
    self.whole = whole
  }
}

/// The credentials of a request. Those in the URL itself win, as in curl.
public enum HTTPCredentials: Sendable, Hashable {
  case none
  case basic(user: String, password: String)
  /// The credentials of the user's netrc file (`$NETRC`, otherwise `~/.netrc`) for the host, if any.
  case netrc
}

/// One request. Proxies are taken from the environment (`http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`), as
/// curl does.
public struct HTTPRequest: Sendable, Hashable {
  public var method: HTTPMethod
  /// `http:` or `https:`; can contain `user:password@`, which no message and no log shows.
  public var url: String
  public var headers: HTTPHeaders
  public var body: HTTPBody
  public var timeouts: HTTPTimeouts
  /// Whether GET and HEAD follow redirects, at most 10. Other methods never do.
  public var followsRedirects: Bool
  public var credentials: HTTPCredentials
  /// The path of a Unix socket to connect to instead of the URL's host.
  public var unixSocketPath: String?
  /// Whether a compressed response is accepted. It is decoded before anybody sees it.
  public var acceptsCompression: Bool
  /// A file of certificates to trust, in PEM; nil takes `$SSL_CERT_FILE`, `$CURL_CA_BUNDLE` or the system's.
  public var certificateFile: String?
  /// The key that a TLS server must have (`sha256//BASE64`, CURLOPT_PINNEDPUBLICKEY(3)). The key then proves the server
  /// alone: its certificate may be self-signed and for any name.
  public var pinnedPublicKey: String?
  /// Files in PEM by which this client proves itself to a TLS server; both or none.
  public var clientCertificate: (certificate: String, key: String)? {
    get { clientFiles.map { ($0.certificate, $0.key) } }
    set { clientFiles = newValue.map { ClientFiles(certificate: $0.certificate, key: $0.key) } }
  }
  private var clientFiles: ClientFiles?

  private struct ClientFiles: Sendable, Hashable {
    var certificate: String
    var key: String
  }

  public init(
    _ method: HTTPMethod = .get, _ url: String, headers: HTTPHeaders = [:], body: HTTPBody = .none,
    timeouts: HTTPTimeouts = HTTPTimeouts(), followsRedirects: Bool = true, credentials: HTTPCredentials = .none,
    unixSocketPath: String? = nil, acceptsCompression: Bool = false, certificateFile: String? = nil,
    pinnedPublicKey: String? = nil
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.timeouts = timeouts
    self.followsRedirects = followsRedirects
    self.credentials = credentials
    self.unixSocketPath = unixSocketPath
    self.acceptsCompression = acceptsCompression
    self.certificateFile = certificateFile
    self.pinnedPublicKey = pinnedPublicKey
  }
}

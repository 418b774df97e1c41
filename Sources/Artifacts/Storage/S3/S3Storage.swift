import Digests
import Glibc
import HTTPClient
import SystemSupport

/// A repository in an S3 bucket, or what speaks its protocol.
///
/// Every request is signed together with the digest of what it carries, so a server that checks, as S3 does, stores no
/// byte that was changed on the way. Requests that fail for a moment are repeated by the HTTP client.
struct S3Storage: ObjectStorage {
  let bucket: S3Location
  let client: HTTPClient
  private let signer: RequestSigner?
  /// Bytes from which on a blob goes up in parts of that size.
  let partSize: Int64
  private let clock: @Sendable () -> Int64

  var location: String { bucket.description }
  var isReadOnly: Bool { false }

  /// - Parameter clock: seconds since 1970, for signatures.
  init(
    _ bucket: S3Location, environment: AWSEnvironment = .process, client: HTTPClient = HTTPClient(),
    partSize: Int64 = 16 << 20, clock: @escaping @Sendable () -> Int64 = { Int64(time(nil)) }
  ) throws(ArtifactError) {
    self.bucket = bucket
    self.client = client
    self.partSize = partSize
    self.clock = clock
    signer = try environment.credentials().map { RequestSigner(credentials: $0, region: bucket.region) }
  }

  func prepareForWriting() throws(ArtifactError) {}

  func size(of key: String) throws(ArtifactError) -> Int64? {
    let response = try send(S3Request(.head, key))
    guard response.status != 404 else { return nil }
    try requireSuccess(response)
    return response.headers["content-length"].flatMap { Int64($0) }
  }

  func read(_ key: String, limit: Int) throws(ArtifactError) -> [UInt8]? {
    let response = try send(S3Request(.get, key), limit: limit)
    return try isFound(response) ? response.body : nil
  }

  func download(_ key: String, limit: Int64, receive: BytesReceiver) throws(ArtifactError) -> Bool {
    let response = try HTTPTransfer.download(
      client: client, limit: limit, key: key, location: location, resumes: true,
      request: { (offset) throws(ArtifactError) in
        var request = S3Request(.get, key)
        if offset > 0 { request.headers.append(("range", "bytes=\(offset)-")) }
        return signed(request)
      }, receive: receive)
    return try isFound(response)
  }

  func upload(_ piece: FilePiece, digest: SHA256Digest, to key: String) throws(ArtifactError) {
    guard piece.length <= 2 * partSize else { return try uploadInParts(piece, digest: digest, to: key) }
    var request = S3Request(.put, key)
    request.body = .file(path: piece.path.string, offset: piece.offset, length: piece.length)
    request.carry(digest)
    try requireSuccess(try send(request))
  }

  func create(_ key: String, _ bytes: [UInt8]) throws(ArtifactError) -> Bool {
    var request = S3Request(.put, key)
    request.body = .bytes(bytes)
    request.headers = [("content-type", "application/json"), ("if-none-match", "*")]
    request.carry(.of(bytes))
    var response = try send(request)
    // 409: another one is just creating it ("Conditional writes" of the S3 user guide): ask again.
    for _ in 0..<8 where response.status == 409 { response = try send(request) }
    if response.status == 412 { return false }
    try requireSuccess(response)
    return true
  }

  func list(_ prefix: String, recursive: Bool) throws(ArtifactError) -> [ObjectEntry] {
    let whole = bucket.prefix + prefix
    var entries: [ObjectEntry] = []
    var token: String?
    repeat {
      var request = S3Request(.get, nil)
      request.query = [("list-type", "2"), ("prefix", whole), ("encoding-type", "url")]
      if !recursive { request.query.append(("delimiter", "/")) }
      if let token { request.query.append(("continuation-token", token)) }
      let response = try send(request)
      try requireSuccess(response)
      let page = XMLText(response.body)
      for object in page.elements("Contents") {
        guard let name = Self.name(object.text("Key"), after: whole) else { continue }
        let modified = object.text("LastModified").flatMap { Timestamp.seconds($0) }
        entries.append(ObjectEntry(name: name, modified: modified.map { $0 * 1_000_000_000 }))
      }
      for folder in page.elements("CommonPrefixes") {
        guard let name = Self.name(folder.text("Prefix"), after: whole) else { continue }
        entries.append(ObjectEntry(name: name.hasSuffix("/") ? String(name.dropLast()) : name, modified: nil))
      }
      token = page.text("IsTruncated") == "true" ? page.text("NextContinuationToken") : nil
    } while token != nil && entries.count < 1_000_000
    return entries
  }

  private static func name(_ key: String?, after prefix: String) -> String? {
    guard let key = key.flatMap({ PercentEncoding.decode($0) }), key.hasPrefix(prefix), key != prefix else {
      return nil
    }
    return String(key.dropFirst(prefix.count))
  }

  func send(_ request: S3Request, limit: Int = 64 << 20) throws(ArtifactError) -> HTTPResponse {
    try HTTPTransfer.send(signed(request), client: client, limit: limit, location: location)
  }

  private func signed(_ request: S3Request) -> HTTPRequest {
    let path = bucket.path(request.key)
    let query = request.query.map { (PercentEncoding.encode($0.name), PercentEncoding.encode($0.value)) }
    var headers = request.headers
    if let signer {
      let date = Timestamp.basicText(clock())
      headers += [("x-amz-content-sha256", request.payload), ("x-amz-date", date)]
      if let token = signer.credentials.sessionToken { headers.append(("x-amz-security-token", token)) }
      let authorization = signer.authorization(
        method: request.method.rawValue, path: path, query: query, headers: headers + [("host", bucket.host)],
        payload: request.payload, date: date)
      headers.append(("authorization", authorization))
    }
    let text = RequestSigner.canonical(query)
    return HTTPRequest(
      request.method, "\(bucket.scheme)://\(bucket.host)\(path)\(text.isEmpty ? "" : "?\(text)")",
      headers: HTTPHeaders(headers.map { HTTPField(name: $0.0, value: $0.1) }), body: request.body,
      followsRedirects: false)
  }

  private func isFound(_ response: HTTPResponse) throws(ArtifactError) -> Bool {
    if response.status == 404, XMLText(response.body).text("Code") != "NoSuchBucket" { return false }
    try requireSuccess(response)
    return true
  }

  func requireSuccess(_ response: HTTPResponse) throws(ArtifactError) {
    guard !response.isSuccess else { return }
    let page = XMLText(response.body)
    let code = page.text("Code")
    var reason = "status \(response.status)"
    if let code { reason += ", \(code)" }
    if let message = page.text("Message") { reason += ": \(message.prefix(200))" }
    switch response.status {
    case 404 where code == "NoSuchBucket" || code == nil: throw .missingBucket(repository: location)
    case 401, 403:
      throw .denied(repository: location, reason: signer == nil ? "\(reason) (there are no credentials)" : reason)
    case 300..<400:
      let region = response.headers["x-amz-bucket-region"].map { ": it is in the region \($0)" } ?? ""
      throw .server(repository: location, reason: "the bucket is elsewhere\(region)")
    default: throw .server(repository: location, reason: reason)
    }
  }
}

/// A request before it is signed.
struct S3Request {
  var method: HTTPMethod
  /// Nil is the bucket itself.
  var key: String?
  /// Not encoded yet.
  var query: [(name: String, value: String)] = []
  /// With lower-case names; all are signed.
  var headers: [(name: String, value: String)] = []
  var body = HTTPBody.none
  /// The digest of the body.
  var payload = SHA256Digest.of("").hex

  init(_ method: HTTPMethod, _ key: String?) {
    self.method = method
    self.key = key
  }

  /// Says what the digest of the whole body is. The server compares it with what arrives: an object that was damaged on
  /// the way, or a file that changed meanwhile, is refused. S3 checks the signed digest, other servers the checksum only
  /// ("Checking object integrity" of the S3 user guide).
  mutating func carry(_ digest: SHA256Digest) {
    payload = digest.hex
    headers.append(("x-amz-checksum-sha256", Self.base64(digest.bytes)))
  }

  private static func base64(_ bytes: [UInt8]) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let value = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
      for index in 0..<4 {
        text.append(index <= group.count ? digits[value >> (18 - 6 * index) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}

import Digests
import Glibc
import HTTPClient
import SystemSupport

/// An artifact repository in an S3 bucket, or on another server with its protocol.
///
/// Every request is signed together with the digest of its body, so a server that checks it, as S3 does, stores no byte
/// that was changed in transit. The HTTP client repeats requests that fail temporarily.
struct S3Storage: ObjectStorage {
  let bucket: S3Location
  let client: HTTPClient
  private let session: S3Session
  /// Bytes from which on a blob goes up in parts of that size.
  let partSize: Int64
  let limits: TransferLimits

  var location: String { bucket.description }
  var isReadOnly: Bool { false }

  /// - Parameter clock: seconds since 1970, for signatures.
  init(
    _ bucket: S3Location, environment: AWSEnvironment = .process, client: HTTPClient = HTTPClient(),
    partSize: Int64 = 16 << 20, limits: TransferLimits = .standard,
    clock: @escaping @Sendable () -> Int64 = { Int64(time(nil)) }
  ) {
    self.bucket = bucket
    self.client = client
    self.partSize = partSize
    self.limits = limits
    session = S3Session(CredentialSource(environment), clock: clock)
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
    var response: HTTPResponse
    repeat {
      response = try HTTPTransfer.download(
        client: client, limit: limit, key: key, location: location, resumes: true, limits: limits,
        request: { (offset) throws(ArtifactError) in
          var request = S3Request(.get, key)
          if offset > 0 { request.headers.append(("range", "bytes=\(offset)-")) }
          return try signed(request, bytes: limit)
        }, receive: receive)
    } while try session.isWorthAnother(response)
    return try isFound(response)
  }

  func download(_ key: String, range: Range<Int64>, receive: BytesReceiver) throws(ArtifactError) -> Bool {
    if range.isEmpty { return true }
    var response: HTTPResponse
    repeat {
      response = try HTTPTransfer.download(
        client: client, limit: .max, key: key, location: location, resumes: true, limits: limits, window: range,
        request: { (offset) throws(ArtifactError) in
          var request = S3Request(.get, key)
          request.headers.append(("range", "bytes=\(range.lowerBound + offset)-\(range.upperBound - 1)"))
          return try signed(request, bytes: Int64(range.count))
        }, receive: receive)
    } while try session.isWorthAnother(response)
    return try isFound(response)
  }

  func upload(_ piece: FilePiece, digest: SHA256Digest, to key: String) throws(ArtifactError) {
    guard piece.length < partSize else { return try uploadInParts(piece, digest: digest, to: key) }
    var request = S3Request(.put, key)
    request.body = .file(path: piece.path.string, offset: piece.offset, length: piece.length)
    request.carry(digest)
    try requireSuccess(try send(request))
  }

  func create(_ key: String, _ bytes: [UInt8]) throws(ArtifactError) -> Bool {
    try put(key, bytes, condition: ("if-none-match", "*"))
  }

  func overwrite(_ key: String, _ bytes: [UInt8]) throws(ArtifactError) { _ = try put(key, bytes, condition: nil) }

  func readVersioned(_ key: String, limit: Int) throws(ArtifactError) -> (bytes: [UInt8], version: ObjectVersion)? {
    let response = try send(S3Request(.get, key), limit: limit)
    guard try isFound(response) else { return nil }
    guard let tag = response.headers["etag"] else {
      throw .server(repository: location, reason: "the server did not return an ETag for \(key)")
    }
    return (response.body, ObjectVersion(text: tag))
  }

  func replace(_ key: String, _ bytes: [UInt8], expecting version: ObjectVersion?) throws(ArtifactError) -> Bool {
    try put(key, bytes, condition: version.map { ("if-match", $0.text) } ?? ("if-none-match", "*"))
  }

  /// Stores a small object if a condition holds, or there is none. Returns false if it does not hold.
  private func put(
    _ key: String, _ bytes: [UInt8], condition: (name: String, value: String)?
  ) throws(ArtifactError) -> Bool {
    var request = S3Request(.put, key)
    request.body = .bytes(bytes)
    request.headers = [("content-type", "application/json")] + (condition.map { [$0] } ?? [])
    request.carry(.of(bytes))
    var response = try send(request)
    // 409: another request on the key is under way ("Conditional writes" of the S3 user guide). It may come to nothing.
    for attempt in 0..<8 where response.status == 409 {
      pauseMilliseconds(10 << attempt)
      response = try send(request)
    }
    // 412: the condition does not hold; 404 with If-Match: the object is gone.
    if response.status == 412 || response.status == 409 { return false }
    if response.status == 404, condition?.name == "if-match", XMLText(response.body).text("Code") != "NoSuchBucket" {
      return false
    }
    try requireSuccess(response)
    return true
  }

  func modified(_ key: String) throws(ArtifactError) -> Int64? {
    let response = try send(S3Request(.head, key))
    guard response.status != 404 else { return nil }
    try requireSuccess(response)
    return response.headers["last-modified"].flatMap { HTTPDate.seconds($0) }
  }

  func abandonUploads(before time: Int64) throws(ArtifactError) -> Int {
    let old = try incompleteUploads(of: RepositoryLayout.blobs).filter { $0.begun < time }
    for upload in old { try abandon(upload) }
    return old.count
  }

  func remove(_ key: String) throws(ArtifactError) {
    let response = try send(S3Request(.delete, key))
    if response.status == 404, XMLText(response.body).text("Code") != "NoSuchBucket" { return }
    try requireSuccess(response)
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
        let modified = object.text("LastModified").flatMap { RFC3339.seconds($0) }
        entries.append(
          ObjectEntry(
            name: name, modified: modified.map { $0 * 1_000_000_000 },
            size: object.text("Size").flatMap { Int64($0) }))
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
    let bytes = request.bodyLength
    var response: HTTPResponse
    repeat {
      let signed = try signed(request, bytes: bytes)
      response = try HTTPTransfer.send(signed, client: client, limit: limit, location: location)
    } while try session.isWorthAnother(response)
    return response
  }

  /// - Parameter bytes: how many travel, for the deadline.
  private func signed(_ request: S3Request, bytes: Int64) throws(ArtifactError) -> HTTPRequest {
    let path = bucket.path(request.key)
    let query = request.query.map { (PercentEncoding.encode($0.name), PercentEncoding.encode($0.value)) }
    var headers = request.headers
    let now = session.now
    if let credentials = try session.credentials.credentials(now: now) {
      let signer = RequestSigner(credentials: credentials, region: bucket.region)
      let date = RFC3339.basicText(now)
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
      timeouts: limits.timeouts(bytes: bytes), followsRedirects: false)
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
      let isSigned = try session.credentials.credentials(now: session.now) != nil
      throw .denied(repository: location, reason: isSigned ? reason : "\(reason) (no credentials found)")
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

  var bodyLength: Int64 {
    switch body {
    case .none: 0
    case .bytes(let bytes): Int64(bytes.count)
    case .file(_, _, let length): length
    }
  }

  /// Declares the digest of the whole body. The server compares it with the received bytes, and refuses an object that
  /// was damaged in transit, or a file that changed meanwhile. S3 checks the signed digest, other servers only the
  /// checksum ("Checking object integrity" of the S3 user guide).
  mutating func carry(_ digest: SHA256Digest) {
    payload = digest.hex
    headers.append(("x-amz-checksum-sha256", Base64.encode(digest.bytes)))
  }
}

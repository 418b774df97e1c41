import Digests
import HTTPClient
import SystemSupport

/// An artifact repository behind a web server that serves its files: read-only.
///
/// Listings are read from the server's directory index (nginx' `autoindex`, Apache's, Python's `http.server`): any page
/// whose links name the existing files. Without an index, artifacts are found only by all digits of their commits.
struct HTTPStorage: ObjectStorage {
  /// Without a final `/`; can contain a user name and password.
  private let base: String
  private let client: HTTPClient
  private let limits: TransferLimits
  let location: String
  var isReadOnly: Bool { true }

  init(_ url: String, client: HTTPClient = HTTPClient(), limits: TransferLimits = .standard) throws(ArtifactError) {
    guard !url.contains("?"), !url.contains("#"), url.split(separator: "/").count >= 2 else {
      throw .invalidRepository(redactedURL(url), reason: "a host and a path are needed, without \"?\" and \"#\"")
    }
    var base = url
    while base.hasSuffix("/") { base.removeLast() }
    self.base = base
    self.client = client
    self.limits = limits
    location = redactedURL(base)
  }

  func prepareForWriting() throws(ArtifactError) { throw .readOnly(repository: location) }

  func size(of key: String) throws(ArtifactError) -> Int64? {
    let response = try HTTPTransfer.send(request(key, .head), client: client, location: location)
    return try isFound(response) ? response.headers["content-length"].flatMap { Int64($0) } : nil
  }

  func read(_ key: String, limit: Int) throws(ArtifactError) -> [UInt8]? {
    let response = try HTTPTransfer.send(request(key), client: client, limit: limit, location: location)
    return try isFound(response) ? response.body : nil
  }

  func download(_ key: String, limit: Int64, receive: BytesReceiver) throws(ArtifactError) -> Bool {
    try isFound(
      try HTTPTransfer.download(
        client: client, limit: limit, key: key, location: location, resumes: true, limits: limits,
        request: { (offset) throws(ArtifactError) in
          var request = request(key, bytes: limit)
          if offset > 0 { request.headers.fields.append(HTTPField(name: "range", value: "bytes=\(offset)-")) }
          return request
        }, receive: receive))
  }

  func download(_ key: String, range: Range<Int64>, receive: BytesReceiver) throws(ArtifactError) -> Bool {
    if range.isEmpty { return true }
    let response = try HTTPTransfer.download(
      client: client, limit: .max, key: key, location: location, resumes: true, limits: limits, window: range,
      request: { (offset) throws(ArtifactError) in
        var request = request(key, bytes: Int64(range.count))
        let field = HTTPField(name: "range", value: "bytes=\(range.lowerBound + offset)-\(range.upperBound - 1)")
        request.headers.fields.append(field)
        return request
      }, receive: receive)
    return try isFound(response)
  }

  func upload(_ piece: FilePiece, digest: SHA256Digest, to key: String) throws(ArtifactError) {
    throw .readOnly(repository: location)
  }

  func create(_ key: String, _ bytes: [UInt8]) throws(ArtifactError) -> Bool { throw .readOnly(repository: location) }

  func overwrite(_ key: String, _ bytes: [UInt8]) throws(ArtifactError) { throw .readOnly(repository: location) }

  func readVersioned(_ key: String, limit: Int) throws(ArtifactError) -> (bytes: [UInt8], version: ObjectVersion)? {
    try read(key, limit: limit).map { ($0, ObjectVersion(text: "")) }
  }

  func replace(_ key: String, _ bytes: [UInt8], expecting version: ObjectVersion?) throws(ArtifactError) -> Bool {
    throw .readOnly(repository: location)
  }

  func modified(_ key: String) throws(ArtifactError) -> Int64? {
    let response = try HTTPTransfer.send(request(key, .head), client: client, location: location)
    return try isFound(response) ? response.headers["last-modified"].flatMap { HTTPDate.seconds($0) } : nil
  }

  func remove(_ key: String) throws(ArtifactError) { throw .readOnly(repository: location) }

  func list(_ prefix: String, recursive: Bool) throws(ArtifactError) -> [ObjectEntry] {
    var entries: [ObjectEntry] = []
    for name in try links(of: prefix) {
      if recursive, name.hasSuffix("/") {
        entries += try links(of: prefix + name).map { ObjectEntry(name: name + $0, modified: nil) }
      } else {
        entries.append(ObjectEntry(name: name.hasSuffix("/") ? String(name.dropLast()) : name, modified: nil))
      }
    }
    return entries
  }

  /// The names that the index of a directory links to; names of directories end in `/`.
  private func links(of folder: String) throws(ArtifactError) -> [String] {
    let response = try HTTPTransfer.send(request(folder), client: client, location: location)
    guard try isFound(response) else { return [] }
    guard response.headers["content-type"]?.lowercased().contains("html") == true else {
      throw .noListing(repository: location)
    }
    return Self.links(in: response.body)
  }

  /// The values of `href` that are one harmless name, with or without a final `/`, in order and once each.
  static func links(in page: [UInt8]) -> [String] {
    var found: [String] = []
    var seen = Set<String>()
    let text = String(decoding: page, as: UTF8.self)
    for part in text.split(separator: "href=", omittingEmptySubsequences: false).dropFirst() {
      guard let quote = part.first, quote == "\"" || quote == "'",
        let value = PercentEncoding.decode(part.dropFirst().prefix { $0 != quote })
      else { continue }
      // Python's server writes "name/", Apache's too; some write "./name".
      let name = value.hasPrefix("./") ? String(value.dropFirst(2)) : value
      guard ArtifactName(name.hasSuffix("/") ? String(name.dropLast()) : name) != nil else { continue }
      if seen.insert(name).inserted { found.append(name) }
    }
    return found
  }

  private func request(_ key: String, _ method: HTTPMethod = .get, bytes: Int64 = 0) -> HTTPRequest {
    HTTPRequest(
      method, "\(base)/\(PercentEncoding.encode(key, keeping: "/"))", timeouts: limits.timeouts(bytes: bytes),
      credentials: .netrc)
  }

  private func isFound(_ response: HTTPResponse) throws(ArtifactError) -> Bool {
    switch response.status {
    case 200..<300: return true
    case 404, 410: return false
    case 401, 403: throw .denied(repository: location, reason: "the server answered with status \(response.status)")
    default: throw .server(repository: location, reason: "the server answered with status \(response.status)")
    }
  }
}

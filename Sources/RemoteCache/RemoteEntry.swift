internal import Artifacts
internal import ContentStore
internal import Digests
internal import JSON

/// One object of the remote cache: a record with its small blobs, and the references of its large ones.
///
/// ```
/// "KILTRC1\n"                      8 bytes
/// SHA-256 of all bytes after it   32 bytes
/// length of the header             4 bytes, big-endian
/// header                           JSON
/// length of the signatures         4 bytes, big-endian
/// signatures                       JSON, the `signatures` of a DSSE envelope whose payload is the header
/// value, blobs                     one after the other, as long as the header says
/// ```
struct RemoteEntry: Sendable {
  struct Part: Sendable {
    var blob: BlobReference
    /// Nil for a blob that is an object of its own.
    var bytes: [UInt8]?
  }

  var namespace: String
  var key: SHA256Digest
  var value: [UInt8]
  var parts: [Part]
  /// The time that it took to make.
  var milliseconds: Int64
  /// Seconds since 1970, by the writer's clock.
  var created: Int64

  static let magic = Array("KILTRC1\n".utf8)
  /// The magic bytes up to the digit of the format.
  private static let family = Array("KILTRC".utf8)
  static let payloadType = "application/vnd.kilt.cache-entry+json"
  /// The most that is read of one entry.
  static let limit = 16 << 20

  /// The reason why an object is not an entry that can be used.
  enum Problem: Error, Hashable {
    case truncated, damaged, foreign, otherFormat, unsigned, untrusted

    var text: String {
      switch self {
      case .truncated: "it is truncated"
      case .damaged: "its bytes do not match their digest"
      case .foreign: "it is not a cache entry of this key"
      case .otherFormat: "another version of Kilt wrote it"
      case .unsigned: "it is not signed"
      case .untrusted: "no trusted key signed it"
      }
    }
  }
}

extension RemoteEntry {
  private func header() -> [UInt8] {
    JSONValue.members([
      "namespace": .string(namespace), "key": .string(key.hex), "created": .int(created),
      "milliseconds": .int(milliseconds), "value": Self.json(BlobReference.of(value)),
      "blobs": .array(
        parts.map { part in
          .members([
            "sha256": .string(part.blob.digest.hex), "size": .int(part.blob.size), "inline": .bool(part.bytes != nil),
          ])
        }),
    ]).bytes()
  }

  private static func json(_ blob: BlobReference) -> JSONValue {
    .members(["sha256": .string(blob.digest.hex), "size": .int(blob.size)])
  }

  /// The bytes of the object.
  ///
  /// - Parameter signer: signs the header, and with it the digest of every other byte.
  func bytes(signedBy signer: (any ManifestSigner)?) throws(ArtifactError) -> [UInt8] {
    let header = header()
    var envelope = Envelope(payloadType: Self.payloadType, payload: header)
    if let signer { try envelope.sign(with: signer) }
    let signatures = (envelope.json["signatures"] ?? .array([])).bytes()
    var body = Self.length(header.count) + header + Self.length(signatures.count) + signatures + value
    for part in parts { if let bytes = part.bytes { body += bytes } }
    return Self.magic + SHA256Digest.of(body).bytes + body
  }

  private static func length(_ count: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) }
  }

  /// Reads an object.
  ///
  /// - Parameters:
  ///   - namespace: the namespace that was asked for.
  ///   - key: the key that was asked for. An entry of another key is foreign, wherever it is.
  ///   - trusted: the keys of which one must have signed; empty for none.
  init(
    parsing bytes: [UInt8], of namespace: String, _ key: SHA256Digest, trusted: [PublicKey]
  ) throws(Problem) {
    guard bytes.starts(with: Self.magic) else {
      guard bytes.count >= Self.magic.count else {
        throw Self.magic.starts(with: bytes) ? .truncated : .foreign
      }
      throw bytes.starts(with: Self.family) ? .otherFormat : .foreign
    }
    var rest = bytes[Self.magic.count...]
    guard rest.count > 40 else { throw .truncated }
    let digest = rest.prefix(32)
    rest = rest.dropFirst(32)
    guard SHA256Digest.of(Array(rest)).bytes.elementsEqual(digest) else { throw .damaged }
    // From here on the bytes are those that somebody wrote, whoever that was.
    let header = try Self.field(&rest)
    let signatures = try Self.field(&rest)
    guard let json = try? JSONValue(parsing: header) else { throw .foreign }
    guard json["namespace"]?.string == namespace, json["key"]?.string == key.hex else { throw .foreign }
    if !trusted.isEmpty { try Self.verify(header, signatures, trusted) }
    guard let listed = json["blobs"]?.array, let valueBlob = Self.reference(json["value"]),
      let created = json["created"]?.int, let milliseconds = json["milliseconds"]?.int
    else { throw .foreign }
    value = try Self.take(valueBlob, &rest)
    parts = []
    for entry in listed {
      guard let blob = Self.reference(entry), let isInline = entry["inline"]?.bool else { throw .foreign }
      parts.append(Part(blob: blob, bytes: isInline ? try Self.take(blob, &rest) : nil))
    }
    guard rest.isEmpty else { throw .foreign }
    self.namespace = namespace
    self.key = key
    self.created = created
    self.milliseconds = max(0, milliseconds)
  }

  private static func verify(_ header: [UInt8], _ signatures: [UInt8], _ trusted: [PublicKey]) throws(Problem) {
    guard let listed = try? JSONValue(parsing: signatures),
      let envelope = Envelope(
        parsing: .members([
          "payload": .string(Base64.encode(header)), "payloadType": .string(payloadType), "signatures": listed,
        ])), !envelope.signatures.isEmpty
    else { throw .unsigned }
    guard !envelope.verified(by: trusted).isEmpty else { throw .untrusted }
  }

  private static func reference(_ json: JSONValue?) -> BlobReference? {
    guard let digest = json?["sha256"]?.string.flatMap({ SHA256Digest(hex: $0) }), let size = json?["size"]?.int,
      size >= 0
    else { return nil }
    return BlobReference(digest, size: size)
  }

  private static func field(_ rest: inout ArraySlice<UInt8>) throws(Problem) -> [UInt8] {
    guard rest.count >= 4 else { throw .foreign }
    let count = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
    rest = rest.dropFirst(4)
    guard rest.count >= count else { throw .foreign }
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }

  /// The bytes of a reference. What is signed is the digest, so each is compared.
  private static func take(_ blob: BlobReference, _ rest: inout ArraySlice<UInt8>) throws(Problem) -> [UInt8] {
    guard blob.size <= rest.count else { throw .foreign }
    let bytes = Array(rest.prefix(Int(blob.size)))
    guard SHA256Digest.of(bytes) == blob.digest else { throw .damaged }
    rest = rest.dropFirst(bytes.count)
    return bytes
  }
}

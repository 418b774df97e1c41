public import Digests
import JSON

/// A manifest as it is stored, with the signatures over it.
public struct ManifestRecord: Sendable, Hashable {
  /// As stored: a manifest with an `origin` has no segments here.
  public var manifest: Manifest
  /// The SHA-256 of the canonical manifest: the subject of the statements that are signed.
  public let digest: SHA256Digest
  /// The envelope in the manifest's file, and those beside it that were asked for.
  public var envelopes: [Envelope]

  /// The bytes of the file as they were read.
  let storedBytes: [UInt8]

  /// A new record, unsigned.
  public init(_ manifest: Manifest) {
    self.manifest = manifest
    path = RepositoryLayout.manifest(manifest.key)
    storedBytes = manifest.canonicalBytes
    digest = .of(storedBytes)
    envelopes = []
  }

  /// The key of the file, as statements name it.
  let path: String

  /// A release in the form of a policy's input. The commit and platform of its manifest have no meaning.
  init(
    path: String, name: ArtifactName, version: String, created: Int64, digest: SHA256Digest, envelopes: [Envelope]
  ) {
    let key = ManifestKey(
      name: name, commit: Commit(padding: SHA256Digest.of(version)), platform: ArtifactPlatform.any)
    manifest = Manifest(key: key, size: 0, segments: [], created: created)
    storedBytes = []
    self.path = path
    self.digest = digest
    self.envelopes = envelopes
  }

  /// Whether one of some keys claims to have signed. Verifies nothing.
  func isSigned(byAnyOf keyIDs: [String]) -> Bool {
    envelopes.contains { $0.signatures.contains { keyIDs.contains($0.keyID) } }
  }

  /// Reads the file of a manifest.
  ///
  /// With an envelope inside, the bytes must be exactly those that ``bytes`` writes; without one, the digest covers the
  /// bytes. Either way, a signature covers every byte of the file except the envelope's.
  ///
  /// - Parameter path: the key of the file; nil for the key of the first manifest.
  init(parsing bytes: [UInt8], for key: ManifestKey, path: String? = nil) throws(ManifestFault) {
    let value = try Manifest.value(parsing: bytes)
    storedBytes = bytes
    self.path = path ?? RepositoryLayout.manifest(key)
    manifest = try Manifest(parsing: value, for: key)
    guard var object = value.object, let signed = object["envelope"], manifest.format != 1 else {
      digest = .of(bytes)
      envelopes = []
      return
    }
    guard let envelope = Envelope(parsing: signed) else { throw ManifestFault("its \"envelope\" is not usable") }
    guard value.bytes(.canonical) == bytes, envelope.json.bytes(.canonical) == signed.bytes(.canonical) else {
      throw ManifestFault("it is signed, and its bytes are not in canonical form")
    }
    object["envelope"] = nil
    digest = .of(JSONValue.object(object).bytes(.canonical))
    envelopes = [envelope]
  }

  /// Signs the manifest: SLSA provenance in the envelope inside the file.
  public mutating func sign(with signer: any ManifestSigner) throws(ArtifactError) {
    if envelopes.isEmpty { envelopes = [statementEnvelope] }
    try envelopes[0].sign(with: signer)
  }

  /// An envelope, not yet signed, with the statement about this manifest.
  public var statementEnvelope: Envelope {
    Envelope(payload: Statement(provenanceOf: manifest, digest: digest).json.bytes(.compact))
  }

  /// The file: the canonical manifest, with the first envelope as its member `envelope`.
  public var bytes: [UInt8] {
    guard let envelope = envelopes.first, var object = manifest.json.object else { return manifest.canonicalBytes }
    object["envelope"] = envelope.json
    return JSONValue.object(object).bytes(.canonical)
  }

  /// Returns the keys of `keys` that signed a statement about this manifest.
  public func signers(among keys: [PublicKey]) -> [PublicKey] {
    var found: [PublicKey] = []
    for envelope in envelopes where envelope.payloadType == Envelope.inToto {
      guard let statement = Statement(parsing: envelope.payload), statement.names(digest),
        Statement.provenances.contains(statement.predicateType)
      else { continue }
      for key in envelope.verified(by: keys) where !found.contains(key) { found.append(key) }
    }
    return found
  }
}

/// Everything that a decision about an artifact rests on: the manifest, and the records that it comes from.
public struct Evidence: Sendable, Hashable {
  /// The manifest of the commit that was asked for, with its segments.
  public var manifest: Manifest
  /// The record of that commit; then, for a manifest with an `origin`, the record of the origin.
  public var records: [ManifestRecord]

  public init(manifest: Manifest, records: [ManifestRecord]) {
    self.manifest = manifest
    self.records = records
  }
}

import Digests
import JSON

extension Repository {
  /// Signs a published manifest. The signature is stored beside the manifest, which stays as it is.
  ///
  /// - Returns: false if this key signed the manifest before.
  @discardableResult
  public func sign(_ key: ManifestKey, with signer: any ManifestSigner) throws(ArtifactError) -> Bool {
    guard let record = try record(key, signedBy: [signer.publicKey.keyID]) else { return false }
    guard record.signers(among: [signer.publicKey]).isEmpty else { return false }
    var envelope = record.statementEnvelope
    try envelope.sign(with: signer)
    return try attach(envelope, to: key, keyID: signer.publicKey.keyID)
  }

  /// Stores an envelope beside a manifest, whoever made it: it must carry a statement about this manifest that the key
  /// signed.
  ///
  /// - Returns: false if that key's signature is there already.
  public func attach(_ envelope: Envelope, to key: ManifestKey, by signer: PublicKey) throws(ArtifactError) -> Bool {
    guard var record = try record(key) else { return false }
    record.envelopes = [envelope]
    guard record.signers(among: [signer]).contains(signer) else {
      throw .foreignEnvelope(key.reference, keyID: signer.keyID)
    }
    return try attach(envelope, to: key, keyID: signer.keyID)
  }

  private func attach(_ envelope: Envelope, to key: ManifestKey, keyID: String) throws(ArtifactError) -> Bool {
    if storage.isReadOnly { throw .readOnly(repository: location) }
    return try storage.create(RepositoryLayout.signature(key, keyID: keyID), envelope.json.bytes(.canonical))
  }

  /// The envelope beside a manifest with the signature of a key; nil if there is none.
  func signature(_ key: ManifestKey, _ keyID: String) throws(ArtifactError) -> Envelope? {
    let path = RepositoryLayout.signature(key, keyID: keyID)
    guard let bytes = try storage.read(path, limit: ManifestLimits.file) else { return nil }
    do throws(JSONError) {
      if let envelope = Envelope(parsing: try JSONValue(parsing: bytes)) { return envelope }
    } catch {
      throw .badManifest(path, reason: "\(error)", repository: location)
    }
    throw .badManifest(path, reason: "it is not a DSSE envelope", repository: location)
  }
}

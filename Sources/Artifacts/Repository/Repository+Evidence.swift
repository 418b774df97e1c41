import Digests

extension Repository {
  /// The manifest of a bundle; nil if the artifact repository has none of that key.
  ///
  /// A manifest with an `origin` is completed: its segments come from the origin's manifest, after both were found to
  /// have the same inputs and the same file. Does not check signatures; see ``evidence(for:signedBy:)``.
  public func manifest(_ key: ManifestKey) throws(ArtifactError) -> Manifest? {
    try evidence(for: key)?.manifest
  }

  /// All inputs of a decision about a bundle; nil if the artifact repository has no manifest of that key.
  ///
  /// - Parameter keyIDs: the keys whose signatures beside the manifest are read as well. Signatures inside the manifest
  ///   cost no request.
  /// - Throws: `badManifest` for a manifest that is not usable, or whose origin has other inputs or another file.
  public func evidence(for key: ManifestKey, signedBy keyIDs: [String] = []) throws(ArtifactError) -> Evidence? {
    guard let record = try record(key, signedBy: keyIDs) else { return nil }
    return try evidence(record, key, signedBy: keyIDs)
  }

  /// A record with its origin's, if it has one.
  func evidence(
    _ record: ManifestRecord, _ key: ManifestKey, signedBy keyIDs: [String]
  ) throws(ArtifactError) -> Evidence {
    guard let origin = record.manifest.origin else { return Evidence(manifest: record.manifest, records: [record]) }
    var originKey = key
    originKey.commit = origin
    guard let source = try self.record(originKey, signedBy: keyIDs) else {
      throw fault(key, "its origin \(origin.abbreviated) is not in the repository")
    }
    let manifest = try completed(record.manifest, from: source.manifest)
    return Evidence(manifest: manifest, records: [record, source])
  }

  /// A manifest with the segments of its origin, once it is proven that they are its own.
  func completed(_ manifest: Manifest, from source: Manifest) throws(ArtifactError) -> Manifest {
    guard source.origin == nil else { throw fault(manifest.key, "its origin has an origin itself") }
    guard source.inputs != nil, source.inputs == manifest.inputs else {
      throw fault(manifest.key, "its origin \(source.key.commit.abbreviated) was built from other inputs")
    }
    guard source.digest == manifest.digest, source.size == manifest.size else {
      throw fault(manifest.key, "its origin \(source.key.commit.abbreviated) has another file")
    }
    var manifest = manifest
    manifest.segments = source.segments
    manifest.sbom = source.sbom
    return manifest
  }

  /// The stored manifest of a key with its signatures; nil if there is none.
  func record(_ key: ManifestKey, signedBy keyIDs: [String] = []) throws(ArtifactError) -> ManifestRecord? {
    guard let bytes = try storage.read(RepositoryLayout.manifest(key), limit: ManifestLimits.file) else { return nil }
    var record: ManifestRecord
    do throws(ManifestFault) {
      record = try ManifestRecord(parsing: bytes, for: key)
    } catch {
      throw fault(key, error.reason)
    }
    for keyID in keyIDs where !record.envelopes.contains(where: { $0.signatures.contains { $0.keyID == keyID } }) {
      if let envelope = try signature(key, keyID) { record.envelopes.append(envelope) }
    }
    return record
  }

  private func fault(_ key: ManifestKey, _ reason: String) -> ArtifactError {
    .badManifest(RepositoryLayout.manifest(key), reason: reason, repository: location)
  }
}

import Digests
public import SystemSupport

extension Repository {
  /// Writes the bundle of a manifest to a path: made of its segments bit for bit, each and the whole checked by digest,
  /// before it appears there (executable) in one step. No cache is used.
  public func fetch(_ manifest: Manifest, to path: FilePath) throws(ArtifactError) {
    let replacement = try onFiles { () throws(SystemCallError) in try FileReplacement(of: path, permissions: 0o755) }
    let file = replacement.file
    var whole = SHA256Hasher()
    for segment in manifest.segments {
      try receive(segment) { (bytes) throws(ArtifactError) in
        whole.update(bytes)
        try onFiles { () throws(SystemCallError) in try FileSystem.write(bytes, to: file, path: path) }
      }
    }
    try requireWhole(whole.digest(), manifest)
    do throws(SystemCallError) { try replacement.commit(.durable) } catch { throw .file(error) }
  }

  /// Gives the bytes of a segment to `receive`, and throws when they were not what its digest says: whoever gets them
  /// must not let anybody use them before this returns.
  func receive(_ segment: Manifest.Segment, receive: BytesReceiver) throws(ArtifactError) {
    var hasher = SHA256Hasher()
    var count: Int64 = 0
    // One byte more than expected tells a blob that is too long from one that is right.
    let found = try storage.download(RepositoryLayout.blob(segment.digest), limit: segment.size + 1) {
      (bytes) throws(ArtifactError) in
      count += Int64(bytes.count)
      guard count <= segment.size else {
        throw .damagedBlob(
          digest: segment.digest.hex, found: "longer than \(segment.size) bytes", repository: location)
      }
      hasher.update(bytes)
      try receive(bytes)
    }
    guard found else { throw .missingBlob(digest: segment.digest.hex, repository: location) }
    let digest = hasher.digest()
    guard digest == segment.digest else {
      let what = count < segment.size ? "\(count) bytes instead of \(segment.size)" : "sha256 \(digest)"
      throw .damagedBlob(digest: segment.digest.hex, found: what, repository: location)
    }
  }

  /// Right segments in the wrong order, or a manifest that lies about the whole.
  func requireWhole(_ digest: SHA256Digest, _ manifest: Manifest) throws(ArtifactError) {
    guard digest == manifest.digest else {
      throw .badManifest(
        RepositoryLayout.manifest(manifest.key), reason: "its segments give a file with the digest \(digest)",
        repository: location)
    }
  }

  /// Reads all blobs of a manifest and returns what is wrong with each that is.
  public func verify(_ manifest: Manifest) throws(ArtifactError) -> [ArtifactError] {
    var faults: [ArtifactError] = []
    var whole = SHA256Hasher()
    for segment in manifest.segments {
      do throws(ArtifactError) {
        try receive(segment) { (bytes) throws(ArtifactError) in whole.update(bytes) }
      } catch {
        switch error {
        case .missingBlob, .damagedBlob: faults.append(error)
        default: throw error
        }
      }
    }
    if faults.isEmpty {
      do throws(ArtifactError) { try requireWhole(whole.digest(), manifest) } catch { faults.append(error) }
    }
    return faults
  }
}

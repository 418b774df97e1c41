public import Digests
import Synchronization
import SystemSupport

/// A published commit that contains a package.
public struct PackageUse: Sendable, Hashable {
  public var key: ManifestKey
  public var digest: SHA256Digest
  /// The wheel's file name.
  public var wheel: String
  public var version: String
  /// Seconds since 1970.
  public var created: Int64
  public var branch: String?
}

extension Repository {
  /// The keys of all published manifests, of one artifact or of all.
  public func keys(of name: ArtifactName? = nil) throws(ArtifactError) -> [ManifestKey] {
    var found: [ManifestKey] = []
    var selected: [ArtifactName] = []
    if let name { selected = [name] } else { selected = try names() }
    for name in selected {
      for listing in try commits(of: name) {
        found += listing.platforms.map { ManifestKey(name: name, commit: listing.commit, platform: $0) }
      }
    }
    return found
  }

  /// The manifests of some keys, in their order, read several at a time. Passes unusable ones to `unusable`.
  public func manifests(
    _ keys: [ManifestKey], unusable: (ArtifactError) -> Void = { _ in }
  ) throws(ArtifactError) -> [Evidence] {
    let found = Mutex<[Int: Result<Evidence, ArtifactError>]>([:])
    try forEachInParallel(Array(keys.enumerated()), threads: Self.transfers) { (entry) throws(ArtifactError) in
      do throws(ArtifactError) {
        guard let evidence = try evidence(for: entry.element) else { return }
        found.withLock { $0[entry.offset] = .success(evidence) }
      } catch {
        guard case .badManifest = error else { throw error }
        found.withLock { $0[entry.offset] = .failure(error) }
      }
    }
    let results = found.withLock { $0 }
    return keys.indices.compactMap { index in
      switch results[index] {
      case .success(let evidence): return evidence
      case .failure(let error):
        unusable(error)
        return nil
      case nil: return nil
      }
    }
  }

  /// The published commits whose bundles contain a package, newest first.
  ///
  /// - Parameter version: nil for any.
  public func uses(
    of package: String, version: String?, unusable: (ArtifactError) -> Void = { _ in }
  ) throws(ArtifactError) -> [PackageUse] {
    let wanted = BillOfMaterials.Component.normalized(package)
    var found: [PackageUse] = []
    for evidence in try manifests(try keys(), unusable: unusable) {
      let manifest = evidence.manifest
      for segment in manifest.segments where segment.kind == "wheel" {
        guard let wheel = BillOfMaterials.Component.parse(wheel: segment.name), wheel.name == wanted,
          version == nil || wheel.version == version
        else { continue }
        found.append(
          PackageUse(
            key: manifest.key, digest: manifest.digest, wheel: segment.name, version: wheel.version,
            created: manifest.created, branch: manifest.branch))
      }
    }
    return found.sorted { ($0.created, $0.key.name.text) > ($1.created, $1.key.name.text) }
  }

  /// The software bill of materials of a manifest; nil for one that was published without.
  public func sbom(of manifest: Manifest) throws(ArtifactError) -> [UInt8]? {
    guard let attachment = manifest.sbom else { return nil }
    let segment = Manifest.Segment(
      kind: "sbom", name: "bill of materials", digest: attachment.digest, size: attachment.size)
    var bytes: [UInt8] = []
    try receiveAgain(segment) { () throws(ArtifactError) in
      bytes = []
      try receive(segment) { (chunk) throws(ArtifactError) in bytes.append(contentsOf: chunk) }
    }
    return bytes
  }

  /// Stores bytes under their digest.
  func store(_ bytes: [UInt8]) throws(ArtifactError) {
    let digest = SHA256Digest.of(bytes)
    let key = RepositoryLayout.blob(digest)
    if try storage.size(of: key) == Int64(bytes.count) { return }
    let folder = try onFiles { () throws(SystemCallError) in try FileSystem.makeTemporaryDirectory(prefix: "kilt-blob")
    }
    // The system cleans temporary directories that cannot be removed here.
    defer { try? FileSystem.removeTree(folder) }
    let file = folder.appending("blob")
    try onFiles { () throws(SystemCallError) in try FileSystem.write(bytes, to: file) }
    try storage.upload(FilePiece(path: file, offset: 0, length: Int64(bytes.count)), digest: digest, to: key)
  }
}

import Digests
import SystemSupport

/// The result of a copy.
public struct CopySummary: Sendable, Hashable {
  public var manifests = 0
  public var presentManifests = 0
  public var blobs = 0
  public var bytes: Int64 = 0

  public init() {}
}

extension Repository {
  /// Copies a published artifact into another artifact repository: the blobs that it lacks, the manifest byte by byte,
  /// and the signatures beside it. Signatures stay valid. Objects that the other repository already has stay unchanged.
  ///
  /// - Parameter asWholeFile: stores the whole file in place of its segments, for a plain web server.
  public func copy(
    _ key: ManifestKey, to other: Repository, asWholeFile: Bool = false, _ summary: inout CopySummary
  ) throws(ArtifactError) {
    guard let evidence = try evidence(for: key) else { return }
    if other.storage.isReadOnly { throw .readOnly(repository: other.location) }
    try other.storage.prepareForWriting()
    if let present = try other.manifest(key), present.digest != evidence.manifest.digest {
      throw .conflict(
        key, published: present.digest.hex, offered: evidence.manifest.digest.hex, repository: other.location)
    }
    var blobs = evidence.manifest.segments
    if let sbom = evidence.records.last?.manifest.sbom {
      blobs.append(Manifest.Segment(kind: "sbom", name: "", digest: sbom.digest, size: sbom.size))
    }
    if asWholeFile {
      try copyWhole(evidence.manifest, to: other, &summary)
      blobs.removeAll { $0.kind != "sbom" }
    }
    for segment in blobs { try copy(segment, to: other, &summary) }
    // The origin first: a manifest that is found must be complete.
    for record in evidence.records.reversed() { try copy(record, to: other, &summary) }
  }

  /// Copies a manifest byte by byte, then its signatures and later manifests.
  private func copy(
    _ record: ManifestRecord, to other: Repository, _ summary: inout CopySummary
  ) throws(ArtifactError) {
    let key = record.manifest.key
    if try other.storage.create(record.path, record.storedBytes) {
      summary.manifests += 1
    } else {
      summary.presentManifests += 1
    }
    for path in try companions(of: key) {
      guard let bytes = try storage.read(path, limit: ManifestLimits.file) else { continue }
      if !path.hasSuffix(".dsse") { try copyOrigin(ofLater: path, bytes, key, to: other, &summary) }
      _ = try other.storage.create(path, bytes)
    }
  }

  /// A later manifest can have an origin that the first one does not have.
  private func copyOrigin(
    ofLater path: String, _ bytes: [UInt8], _ key: ManifestKey, to other: Repository, _ summary: inout CopySummary
  ) throws(ArtifactError) {
    let origin: Commit?
    do throws(ManifestFault) {
      origin = try ManifestRecord(parsing: bytes, for: key, path: path).manifest.origin
    } catch {
      throw .badManifest(path, reason: error.reason, repository: location)
    }
    guard let origin else { return }
    var originKey = key
    originKey.commit = origin
    guard let record = try record(originKey), try other.record(originKey) == nil else { return }
    try copy(record, to: other, &summary)
  }

  private func copy(
    _ segment: Manifest.Segment, to other: Repository, _ summary: inout CopySummary
  ) throws(ArtifactError) {
    let path = RepositoryLayout.blob(segment.digest)
    if try other.storage.size(of: path) == segment.size { return }
    let folder = try onFiles { () throws(SystemCallError) in try FileSystem.makeTemporaryDirectory(prefix: "kilt-copy")
    }
    // The system cleans temporary directories that cannot be removed here.
    defer { try? FileSystem.removeTree(folder) }
    let file = folder.appending("blob")
    try receiveAgain(segment) { () throws(ArtifactError) in
      let draft = try onFiles { () throws(SystemCallError) in try FileReplacement(of: file) }
      let target = draft.file
      try receive(segment) { (bytes) throws(ArtifactError) in
        try onFiles { () throws(SystemCallError) in try FileSystem.write(bytes, to: target, path: file) }
      }
      do throws(SystemCallError) { try draft.commit() } catch { throw .file(error) }
    }
    try other.storage.upload(FilePiece(path: file, offset: 0, length: segment.size), digest: segment.digest, to: path)
    summary.blobs += 1
    summary.bytes += segment.size
  }

  private func copyWhole(
    _ manifest: Manifest, to other: Repository, _ summary: inout CopySummary
  ) throws(ArtifactError) {
    let path = RepositoryLayout.wholeFile(of: manifest)
    if try other.storage.size(of: path) == manifest.size { return }
    let folder = try onFiles { () throws(SystemCallError) in try FileSystem.makeTemporaryDirectory(prefix: "kilt-copy")
    }
    // The system cleans temporary directories that cannot be removed here.
    defer { try? FileSystem.removeTree(folder) }
    let file = folder.appending("file")
    try fetch(manifest, to: file)
    let digest = try onFiles { () throws(SystemCallError) in try SHA256Digest.ofFile(file).digest }
    try other.storage.upload(FilePiece(path: file, offset: 0, length: manifest.size), digest: digest, to: path)
    summary.blobs += 1
    summary.bytes += manifest.size
  }

  /// The signatures and later manifests beside a manifest.
  private func companions(of key: ManifestKey) throws(ArtifactError) -> [String] {
    let folder = "\(RepositoryLayout.commits(of: key.name))\(key.commit)/"
    do throws(ArtifactError) {
      return try storage.list(folder, recursive: false).map(\.name)
        .filter { RepositoryLayout.isCompanion($0, of: key.platform.text) }.sorted().map { folder + $0 }
    } catch {
      // A server without a directory index lists nothing: the signature inside the manifest is copied with it.
      if case .noListing = error { return [] }
      throw error
    }
  }
}

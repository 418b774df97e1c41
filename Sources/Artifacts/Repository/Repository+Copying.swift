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
  /// and the signatures beside it. Signatures stay valid. What the other one has already stays as it is.
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
    for record in evidence.records.reversed() {
      let path = RepositoryLayout.manifest(record.manifest.key)
      if try other.storage.create(path, record.storedBytes) {
        summary.manifests += 1
      } else {
        summary.presentManifests += 1
      }
      try copySignatures(record.manifest.key, to: other)
    }
  }

  private func copy(
    _ segment: Manifest.Segment, to other: Repository, _ summary: inout CopySummary
  ) throws(ArtifactError) {
    let path = RepositoryLayout.blob(segment.digest)
    if try other.storage.size(of: path) == segment.size { return }
    let folder = try onFiles { () throws(SystemCallError) in try FileSystem.makeTemporaryDirectory(prefix: "kilt-copy")
    }
    // What cannot be removed is left to whoever cleans temporary directories.
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
    // What cannot be removed is left to whoever cleans temporary directories.
    defer { try? FileSystem.removeTree(folder) }
    let file = folder.appending("file")
    try fetch(manifest, to: file)
    let digest = try onFiles { () throws(SystemCallError) in try SHA256Digest.ofFile(file).digest }
    try other.storage.upload(FilePiece(path: file, offset: 0, length: manifest.size), digest: digest, to: path)
    summary.blobs += 1
    summary.bytes += manifest.size
  }

  private func copySignatures(_ key: ManifestKey, to other: Repository) throws(ArtifactError) {
    let folder = "\(RepositoryLayout.commits(of: key.name))\(key.commit)/"
    let entries: [ObjectEntry]
    do throws(ArtifactError) {
      entries = try storage.list(folder, recursive: false)
    } catch {
      // A server without a directory index has nothing to list: the signature inside the manifest is copied with it.
      if case .noListing = error { return }
      throw error
    }
    for entry in entries where entry.name.hasPrefix("\(key.platform).") && entry.name.hasSuffix(".dsse") {
      guard let bytes = try storage.read(folder + entry.name, limit: ManifestLimits.file) else { continue }
      _ = try other.storage.create(folder + entry.name, bytes)
    }
  }
}

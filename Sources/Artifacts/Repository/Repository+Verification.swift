import Digests

/// Blobs that were read and found to be right. Bundles share most of theirs: each is read once.
public struct VerifiedBlobs: Sendable {
  fileprivate var digests: Set<SHA256Digest> = []

  public init() {}
}

extension Repository {
  /// Reads all blobs of a manifest, and its bill of materials, and returns an error for each that is not right.
  public func verify(_ manifest: Manifest) throws(ArtifactError) -> [ArtifactError] {
    var known = VerifiedBlobs()
    return try verify(manifest, &known)
  }

  /// Reads the blobs of a manifest that are not known to be right yet.
  public func verify(_ manifest: Manifest, _ known: inout VerifiedBlobs) throws(ArtifactError) -> [ArtifactError] {
    var faults: [ArtifactError] = []
    var whole = WholeDigest(of: manifest)
    var offset: Int64 = 0
    for segment in manifest.segments {
      let place = SegmentPlace(file: RepositoryLayout.wholeFile(of: manifest), offset: offset)
      offset += segment.size
      // The digest of a whole file needs all of its bytes.
      if manifest.format != 1, known.digests.contains(segment.digest) { continue }
      if let fault = try fault(of: segment, orFrom: place, receive: { whole.update($0) }) {
        faults.append(fault)
      } else {
        known.digests.insert(segment.digest)
      }
    }
    if faults.isEmpty {
      do throws(ArtifactError) { try requireWhole(whole, manifest) } catch { faults.append(error) }
    }
    if let sbom = manifest.sbom, !known.digests.contains(sbom.digest) {
      let segment = Manifest.Segment(
        kind: "sbom", name: "bill of materials", digest: sbom.digest, size: sbom.size)
      if let fault = try fault(of: segment, receive: { _ in }) {
        faults.append(fault)
      } else {
        known.digests.insert(sbom.digest)
      }
    }
    return faults
  }

  /// Reads the files of a release that are not known to be right yet.
  public func verify(_ release: Release, _ known: inout VerifiedBlobs) throws(ArtifactError) -> [ArtifactError] {
    var faults: [ArtifactError] = []
    for file in release.files where !known.digests.contains(file.digest) {
      let segment = Manifest.Segment(kind: "file", name: file.name.text, digest: file.digest, size: file.size)
      if let fault = try fault(of: segment, receive: { _ in }) {
        faults.append(fault)
      } else {
        known.digests.insert(file.digest)
      }
    }
    return faults
  }

  /// All releases, of both types, by name and version.
  public func releases() throws(ArtifactError) -> [(name: ArtifactName, version: ReleaseVersion)] {
    var found: [(name: ArtifactName, version: ReleaseVersion)] = []
    for kind in ReleaseVersion.Kind.allCases {
      for entry in try storage.list(RepositoryLayout.releases(kind), recursive: true) {
        let parts = entry.name.split(separator: "/")
        guard parts.count == 2, parts[1].hasSuffix(".json"), let name = ArtifactName(parts[0]),
          let version = ReleaseVersion(parts[1].dropLast(5), kind: kind)
        else { continue }
        found.append((name, version))
      }
    }
    return found.sorted { ($0.name.text, $0.version.text) < ($1.name.text, $1.version.text) }
  }

  /// A blob that is missing or damaged is a fault; an artifact repository that does not answer is an error.
  private func fault(
    of segment: Manifest.Segment, orFrom place: SegmentPlace? = nil, receive body: (UnsafeRawBufferPointer) -> Void
  ) throws(ArtifactError) -> ArtifactError? {
    do throws(ArtifactError) {
      try receive(segment, orFrom: place) { (bytes) throws(ArtifactError) in body(bytes) }
      return nil
    } catch {
      switch error {
      case .missingBlob, .damagedBlob: return error
      default: throw error
      }
    }
  }
}

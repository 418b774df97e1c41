import Digests
public import SystemSupport

extension Repository {
  /// Writes the bundle of a manifest to a path. The file consists of its segments bit for bit; each segment and the
  /// whole are checked by digest before the file appears there (executable) in one step. Uses no cache.
  ///
  /// - Parameter progress: called with bytes as they arrive.
  public func fetch(
    _ manifest: Manifest, to path: FilePath, progress: ((TransferProgress) -> Void)? = nil
  ) throws(ArtifactError) {
    let replacement = try onFiles { () throws(SystemCallError) in try FileReplacement(of: path, permissions: 0o755) }
    let file = replacement.file
    var whole = WholeDigest(of: manifest)
    var offset: Int64 = 0
    for segment in manifest.segments {
      let before = whole
      try receiveAgain(segment) { () throws(ArtifactError) in
        whole = before
        try onFiles { () throws(SystemCallError) in try seek(file, to: offset, path: path) }
        let place = SegmentPlace(file: RepositoryLayout.wholeFile(of: manifest), offset: offset)
        var received = offset
        try receive(segment, orFrom: place) { (bytes) throws(ArtifactError) in
          whole.update(bytes)
          try onFiles { () throws(SystemCallError) in try FileSystem.write(bytes, to: file, path: path) }
          received += Int64(bytes.count)
          progress?(TransferProgress(bytes: received, totalBytes: manifest.size))
        }
      }
      offset += segment.size
    }
    try requireWhole(whole, manifest)
    do throws(SystemCallError) { try replacement.commit(.durable) } catch { throw .file(error) }
  }

  /// Receives a segment, and again each time that it arrives damaged, up to three times: a proxy can have damaged it.
  func receiveAgain(
    _ segment: Manifest.Segment, _ attempt: () throws(ArtifactError) -> Void
  ) throws(ArtifactError) {
    for _ in 1..<3 {
      do throws(ArtifactError) {
        return try attempt()
      } catch {
        guard case .damagedBlob = error else { throw error }
      }
    }
    try attempt()
  }

  /// Passes the bytes of a segment to `receive`, and throws if they do not match its digest: the receiver must not let
  /// anybody use them before this returns.
  ///
  /// - Parameter place: the range of the segment in a whole file, for a server that has this file and not the segments.
  func receive(
    _ segment: Manifest.Segment, orFrom place: SegmentPlace? = nil, receive: BytesReceiver
  ) throws(ArtifactError) {
    var hasher = SHA256Hasher()
    var count: Int64 = 0
    // One byte more than expected tells a blob that is too long from one that is right.
    func take(_ bytes: UnsafeRawBufferPointer) throws(ArtifactError) {
      count += Int64(bytes.count)
      guard count <= segment.size else {
        throw .damagedBlob(
          digest: segment.digest.hex, segment: segment.title, found: "longer than \(segment.size) bytes",
          repository: location)
      }
      hasher.update(bytes)
      try receive(bytes)
    }
    var found = try storage.download(RepositoryLayout.blob(segment.digest), limit: segment.size + 1, receive: take)
    if !found, let place {
      found = try storage.download(
        place.file, range: place.offset..<place.offset + segment.size, receive: take)
    }
    guard found else {
      throw .missingBlob(digest: segment.digest.hex, segment: segment.title, repository: location)
    }
    let digest = hasher.digest()
    guard digest == segment.digest else {
      let what = count < segment.size ? "\(count) bytes instead of \(segment.size)" : "sha256 \(digest)"
      throw .damagedBlob(
        digest: segment.digest.hex, segment: segment.title, found: what, repository: location)
    }
  }

  /// Right segments in the wrong order, or a manifest with a false claim about the whole.
  func requireWhole(_ whole: WholeDigest, _ manifest: Manifest) throws(ArtifactError) {
    let digest = whole.digest
    guard digest == manifest.digest else {
      throw .badManifest(
        RepositoryLayout.manifest(manifest.key), reason: "its segments give a file with the digest \(digest)",
        repository: location)
    }
  }

}

/// The digest of a file as its segments pass: for a manifest of format 1 the digest of all bytes, otherwise the tree
/// digest, for which nothing is hashed twice.
struct WholeDigest {
  private var hasher: SHA256Hasher?
  private let tree: SHA256Digest

  init(of manifest: Manifest) {
    hasher = manifest.format == 1 ? SHA256Hasher() : nil
    tree = Manifest.treeDigest(of: manifest.segments)
  }

  mutating func update(_ bytes: UnsafeRawBufferPointer) { hasher?.update(bytes) }

  /// The digest, once every segment was found to be right.
  var digest: SHA256Digest { hasher?.digest() ?? tree }
}

extension Manifest.Segment {
  /// The name of the segment for people: the wheel's file name, or the part of the bundle.
  public var title: String { name.isEmpty ? kind : name }
}

/// The place of a segment in a whole file of an artifact repository.
struct SegmentPlace: Sendable {
  /// The key of the file.
  var file: String
  var offset: Int64
}

import Digests
import Synchronization
public import SystemSupport

/// What a publishing did.
public struct PublishOutcome: Sendable, Hashable {
  /// True when this very file was published for that commit and platform before.
  public var wasPublished: Bool
  public var uploadedBlobs: Int
  public var uploadedBytes: Int64
  /// Blobs that the repository had.
  public var reusedBlobs: Int
  public var reusedBytes: Int64
}

extension Repository {
  /// Publishes a bundle: the blobs that the repository lacks, several at a time, then the manifest, last and only if
  /// there is none. Readers see all of it or nothing, and several may publish at once.
  ///
  /// Publishing the same file for the same commit again changes nothing (but replaces blobs that were lost). Another
  /// file for a published commit is an error: what is published never changes meaning.
  public func publish(_ manifest: Manifest, file: FilePath) throws(ArtifactError) -> PublishOutcome {
    if storage.isReadOnly { throw .readOnly(repository: location) }
    try check(file, against: manifest)
    try storage.prepareForWriting()
    let published = try self.manifest(manifest.key)
    if let published { try requireSame(published, manifest) }

    var outcome = try uploadBlobs(of: manifest, from: file)
    outcome.wasPublished = published != nil
    if published == nil {
      outcome.wasPublished = try !storage.create(RepositoryLayout.manifest(manifest.key), manifest.bytes)
      // Somebody else was faster, or an answer was lost and the request repeated.
      if outcome.wasPublished, let winner = try self.manifest(manifest.key) { try requireSame(winner, manifest) }
    }
    return outcome
  }

  private func requireSame(_ published: Manifest, _ offered: Manifest) throws(ArtifactError) {
    guard published.digest == offered.digest, published.size == offered.size else {
      throw .conflict(
        offered.key, published: published.digest.hex, offered: offered.digest.hex, repository: location)
    }
  }

  private func uploadBlobs(of manifest: Manifest, from file: FilePath) throws(ArtifactError) -> PublishOutcome {
    var pieces: [(digest: SHA256Digest, piece: FilePiece)] = []
    var seen = Set<SHA256Digest>()
    var offset: Int64 = 0
    for segment in manifest.segments {
      if seen.insert(segment.digest).inserted {
        pieces.append((segment.digest, FilePiece(path: file, offset: offset, length: segment.size)))
      }
      offset += segment.size
    }
    let outcome = Mutex(
      PublishOutcome(wasPublished: false, uploadedBlobs: 0, uploadedBytes: 0, reusedBlobs: 0, reusedBytes: 0))
    try forEachInParallel(pieces, threads: Self.transfers) { (entry) throws(ArtifactError) in
      let key = RepositoryLayout.blob(entry.digest)
      let present = try storage.size(of: key) == entry.piece.length
      if !present { try storage.upload(entry.piece, digest: entry.digest, to: key) }
      outcome.withLock {
        if present {
          $0.reusedBlobs += 1
          $0.reusedBytes += entry.piece.length
        } else {
          $0.uploadedBlobs += 1
          $0.uploadedBytes += entry.piece.length
        }
      }
    }
    return outcome.withLock { $0 }
  }

  /// Transfers at a time.
  static var transfers: Int { 8 }

  /// Reads the bundle once and compares the digests of the whole and of each segment.
  private func check(_ file: FilePath, against manifest: Manifest) throws(ArtifactError) {
    let size = try onFiles { () throws(SystemCallError) in try FileSystem.status(of: file, followingLinks: true).size }
    guard size == manifest.size else {
      throw .bundleMismatch(path: file.string, reason: "it has \(size) bytes instead of \(manifest.size)")
    }
    guard manifest.segments.reduce(0, { $0 + $1.size }) == size else {
      throw .bundleMismatch(path: file.string, reason: "its segments do not add up to \(size) bytes")
    }
    var whole = SHA256Hasher()
    var offset: Int64 = 0
    for segment in manifest.segments {
      var part = SHA256Hasher()
      try FilePiece(path: file, offset: offset, length: segment.size).forEachChunk { (bytes) throws(ArtifactError) in
        whole.update(bytes)
        part.update(bytes)
      }
      guard part.digest() == segment.digest else {
        throw .bundleMismatch(path: file.string, reason: "the segment \(quoted(segment.name)) has another digest")
      }
      offset += segment.size
    }
    guard whole.digest() == manifest.digest else {
      throw .bundleMismatch(path: file.string, reason: "the whole file has another digest")
    }
  }
}

/// Runs `body` for every element on some threads of our own, and throws the first error that occurs, after which no
/// further element is begun.
func forEachInParallel<Element: Sendable>(
  _ elements: [Element], threads: Int, _ body: @Sendable (Element) throws(ArtifactError) -> Void
) throws(ArtifactError) {
  let failure = Mutex<ArtifactError?>(nil)
  performInParallel(count: elements.count, threads: threads) { index in
    guard failure.withLock({ $0 == nil }) else { return }
    do throws(ArtifactError) {
      try body(elements[index])
    } catch {
      failure.withLock { if $0 == nil { $0 = error } }
    }
  }
  if let failure = failure.withLock({ $0 }) { throw failure }
}

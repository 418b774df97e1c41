public import Digests
import Synchronization
public import SystemSupport

/// The result of a publication.
public struct PublishOutcome: Sendable, Hashable {
  /// Whether the same file was already published for that commit and platform.
  public var wasPublished: Bool
  /// Whether a later manifest was added to the published one: it names another branch, or has another signature.
  public var addedLater = false
  public var uploadedBlobs: Int
  public var uploadedBytes: Int64
  /// Blobs that the artifact repository had.
  public var reusedBlobs: Int
  public var reusedBytes: Int64

  init(wasPublished: Bool = false) {
    self.wasPublished = wasPublished
    (uploadedBlobs, uploadedBytes, reusedBlobs, reusedBytes) = (0, 0, 0, 0)
  }
}

/// The options of a publication besides the manifest and its file.
public struct PublishOptions: Sendable {
  /// Signs the manifest.
  public var signer: (any ManifestSigner)?
  /// Blobs that a manifest in the artifact repository names, so that they need not be asked for.
  public var known: Set<SHA256Digest>
  /// Whether everything is compared and nothing stored.
  public var isDryRun = false
  /// The bytes that ``Manifest/sbom`` names.
  public var sbom: [UInt8]?
  /// Called with bytes as they are uploaded, from several threads.
  public var progress: (@Sendable (TransferProgress) -> Void)?

  public init(
    signer: (any ManifestSigner)? = nil, known: Set<SHA256Digest> = [],
    progress: (@Sendable (TransferProgress) -> Void)? = nil
  ) {
    self.signer = signer
    self.known = known
    self.progress = progress
  }
}

/// The progress of a transfer.
public struct TransferProgress: Sendable, Hashable {
  public var bytes: Int64
  public var totalBytes: Int64
}

extension Repository {
  /// Publishes a bundle: the blobs that the artifact repository lacks, several at a time, then the manifest, last and
  /// only if there is none. Readers see all of it or nothing, and several publishers can run at once.
  ///
  /// Publishing the same file for the same commit again changes nothing, but replaces lost blobs. Another file for a
  /// published commit is an error.
  public func publish(
    _ manifest: Manifest, file: FilePath, options: PublishOptions = PublishOptions()
  ) throws(ArtifactError) -> PublishOutcome {
    if storage.isReadOnly { throw .readOnly(repository: location) }
    let isAbsent = storage.isAbsent
    let keyIDs = options.signer.map { [$0.publicKey.keyID] } ?? []
    let evidence = isAbsent ? nil : try evidence(for: manifest.key, signedBy: keyIDs)
    let published = evidence?.manifest
    if let published { try requireSame(published, manifest) }
    let pieces = try pieces(of: manifest, in: file)
    // Publishing again repairs lost blobs: then each blob is requested.
    var options = options
    if published != nil { options.known = [] }
    let marked = isAbsent ? [] : try collectionMark().mark?.keys ?? []
    var outcome = try upload(pieces, options, marked: marked)
    outcome.wasPublished = published != nil
    if !options.isDryRun, let sbom = options.sbom, published == nil || published?.sbom == manifest.sbom {
      try store(sbom)
    }
    if let record = evidence?.records.first {
      outcome.addedLater = try addLater(manifest, to: record, signer: options.signer, isDryRun: options.isDryRun)
    } else if !options.isDryRun {
      let created = try create(manifest, signer: options.signer)
      (outcome.wasPublished, outcome.addedLater) = (created.wasPublished, created.addedLater)
    }
    if !options.isDryRun { try restore(pieces, marked: marked) }
    return outcome
  }

  /// Publishes a manifest whose file already exists under another commit with the same inputs: one request.
  ///
  /// - Parameter isDryRun: compares, and stores nothing.
  public func publish(
    inherited manifest: Manifest, signer: (any ManifestSigner)?, isDryRun: Bool = false
  ) throws(ArtifactError) -> PublishOutcome {
    precondition(manifest.origin != nil && manifest.inputs != nil, "without a proof nothing is inherited")
    if storage.isReadOnly { throw .readOnly(repository: location) }
    if isDryRun { return try compared(manifest, signer: signer, isDryRun: true) }
    return try create(manifest, signer: signer)
  }

  private func create(
    _ manifest: Manifest, signer: (any ManifestSigner)?
  ) throws(ArtifactError) -> PublishOutcome {
    var record = ManifestRecord(manifest)
    if let signer { try record.sign(with: signer) }
    if try storage.create(RepositoryLayout.manifest(manifest.key), record.bytes) { return PublishOutcome() }
    // Another publisher was faster, or an answer was lost and the request repeated.
    return try compared(manifest, signer: signer, isDryRun: false)
  }

  /// Compares a manifest with the published one, and adds the missing facts to it.
  private func compared(
    _ manifest: Manifest, signer: (any ManifestSigner)?, isDryRun: Bool
  ) throws(ArtifactError) -> PublishOutcome {
    let keyIDs = signer.map { [$0.publicKey.keyID] } ?? []
    guard let published = try evidence(for: manifest.key, signedBy: keyIDs), let record = published.records.first else {
      return PublishOutcome()
    }
    try requireSame(published.manifest, manifest)
    var outcome = PublishOutcome(wasPublished: true)
    outcome.addedLater = try addLater(manifest, to: record, signer: signer, isDryRun: isDryRun)
    return outcome
  }

  private func requireSame(_ published: Manifest, _ offered: Manifest) throws(ArtifactError) {
    // A file that was published in format 1 is compared by its segments, which both formats have.
    let isSame =
      published.size == offered.size
      && (published.digest == offered.digest
        || published.format != offered.format && published.segments == offered.segments)
    guard isSame else {
      throw .conflict(
        offered.key, published: published.digest.hex, offered: offered.digest.hex, repository: location)
    }
  }

  private typealias Piece = (segment: Manifest.Segment, piece: FilePiece)

  /// The distinct segments and their places in the file, which must be as large as they are together.
  private func pieces(of manifest: Manifest, in file: FilePath) throws(ArtifactError) -> [Piece] {
    let size = try onFiles { () throws(SystemCallError) in try FileSystem.status(of: file, followingLinks: true).size }
    guard size == manifest.size else {
      throw .bundleMismatch(path: file.string, reason: "it has \(size) bytes instead of \(manifest.size)")
    }
    guard manifest.segments.reduce(0, { $0 + $1.size }) == size else {
      throw .bundleMismatch(path: file.string, reason: "its segments do not add up to \(size) bytes")
    }
    if manifest.format == 1 {
      let whole = try onFiles { () throws(SystemCallError) in try SHA256Digest.ofFile(file) }
      guard whole.digest == manifest.digest else {
        throw .bundleMismatch(path: file.string, reason: "the whole file has another digest")
      }
    }
    var pieces: [Piece] = []
    var seen = Set<SHA256Digest>()
    var offset: Int64 = 0
    for segment in manifest.segments {
      if seen.insert(segment.digest).inserted {
        pieces.append((segment, FilePiece(path: file, offset: offset, length: segment.size)))
      }
      offset += segment.size
    }
    return pieces
  }

  /// Uploads the missing blobs. Their bytes are compared with their digests first, so that a file that does not match
  /// its manifest leaves no trace.
  ///
  /// - Parameter marked: objects that a collection can remove. They are uploaded again, so that the collection sees
  ///   that they are wanted.
  private func upload(
    _ pieces: [Piece], _ options: PublishOptions, marked: Set<String>
  ) throws(ArtifactError) -> PublishOutcome {
    let missing = Mutex<[Piece]>([])
    try forEachInParallel(pieces, threads: Self.transfers) { (entry) throws(ArtifactError) in
      let blob = RepositoryLayout.blob(entry.segment.digest)
      if !marked.contains(blob) {
        if options.known.contains(entry.segment.digest) { return }
        if try storage.size(of: blob) == entry.piece.length { return }
      }
      try entry.piece.requireDigest(entry.segment.digest, name: entry.segment.name)
      missing.withLock { $0.append(entry) }
    }
    let uploads = missing.withLock { $0 }
    var outcome = PublishOutcome()
    outcome.uploadedBlobs = uploads.count
    outcome.uploadedBytes = uploads.reduce(0) { $0 + $1.piece.length }
    outcome.reusedBlobs = pieces.count - uploads.count
    outcome.reusedBytes = pieces.reduce(0) { $0 + $1.piece.length } - outcome.uploadedBytes
    if options.isDryRun { return outcome }
    try storage.prepareForWriting()
    let total = outcome.uploadedBytes
    let done = Mutex<Int64>(0)
    try forEachInParallel(uploads, threads: Self.transfers) { (entry) throws(ArtifactError) in
      try storage.upload(entry.piece, digest: entry.segment.digest, to: RepositoryLayout.blob(entry.segment.digest))
      let bytes = done.withLock { done in
        done += entry.piece.length
        return done
      }
      options.progress?(TransferProgress(bytes: bytes, totalBytes: total))
    }
    return outcome
  }

  /// Uploads marked blobs once more if a collection removed them before it could see the manifest.
  private func restore(_ pieces: [Piece], marked: Set<String>) throws(ArtifactError) {
    for entry in pieces {
      let blob = RepositoryLayout.blob(entry.segment.digest)
      guard marked.contains(blob), try storage.size(of: blob) != entry.piece.length else { continue }
      try storage.upload(entry.piece, digest: entry.segment.digest, to: blob)
    }
  }

  /// Transfers at a time.
  static var transfers: Int { 8 }
}

extension FilePiece {
  /// Throws `bundleMismatch` unless the piece has a digest.
  func requireDigest(_ digest: SHA256Digest, name: String) throws(ArtifactError) {
    var hasher = SHA256Hasher()
    try forEachChunk { (bytes) throws(ArtifactError) in hasher.update(bytes) }
    guard hasher.digest() == digest else {
      throw .bundleMismatch(path: path.string, reason: "the segment \(quoted(name)) has another digest")
    }
  }
}

/// Runs `body` for every element on threads of our own, and throws the first error that occurs, after which no further
/// element is begun.
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

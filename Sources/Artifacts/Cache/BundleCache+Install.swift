import Digests
import Synchronization
import SystemSupport

/// The segments and bytes that a fetch into the cache took from the artifact repository.
public struct FetchSummary: Sendable, Hashable {
  public var segments: Int
  public var bytes: Int64
  public var fetchedSegments = 0
  public var fetchedBytes: Int64 = 0
}

extension BundleCache {
  /// Adds the bundle of a manifest to the cache: fetches the segments that no cached bundle has, assembles the file,
  /// checks its digest, and only then makes it visible.
  ///
  /// If several processes need one bundle or one segment at the same time, one fetches it and the others wait. If this
  /// call fails or is killed, completely fetched segments stay for the next attempt; nothing else is left.
  ///
  /// - Parameter trust: the demands on the bundle, checked before anything is fetched.
  public func install(
    _ evidence: Evidence, from repository: Repository, trust: TrustContext = .none
  ) throws(ArtifactError) -> CachedBundle {
    try trust.require(evidence)
    let manifest = evidence.manifest
    try makeFolders()
    var waited = false
    let lock = try digestLock(manifest.digest, "bundles", &waited)
    var summary = FetchSummary(segments: manifest.segments.count, bytes: manifest.size)
    if let bundle = try adopt(evidence, trust) { return bundle }

    do throws(ArtifactError) {
      try build(manifest, from: repository, usingCached: true, &summary)
    } catch {
      // The contents of this cache can be damaged or in eviction; the repository's answer is not at fault.
      guard case .damagedCache = error else { throw error }
      try build(manifest, from: repository, usingCached: false, &summary)
    }
    guard var bundle = try adopt(evidence, trust) else {
      throw .file(SystemCallError("open", folder(of: manifest.digest), .noSuchFileOrDirectory))
    }
    // Held until here, so that nobody evicts the new bundle.
    _ = lock
    for segment in manifest.segments { try remove(segments.appending(segment.digest.hex)) }
    bundle.fetched = summary
    return bundle
  }

  /// Without signatures, as a caller without a policy has it.
  public func install(_ manifest: Manifest, from repository: Repository) throws(ArtifactError) -> CachedBundle {
    try install(Evidence(manifest: manifest, records: []), from: repository)
  }

  /// The bundle if it is there, with a reference of this manifest to it.
  private func adopt(_ evidence: Evidence, _ trust: TrustContext) throws(ArtifactError) -> CachedBundle? {
    let manifest = evidence.manifest
    let recordPath = folder(of: manifest.digest).appending("record")
    guard let record = try record(at: recordPath), record.digest == manifest.digest,
      var bundle = try open(record, commit: manifest.key.commit, verifying: false, renewing: recordPath),
      // Read again: another process can have renewed it.
      var current = try self.record(at: recordPath)
    else { return nil }
    current.created = manifest.created
    bundle.created = manifest.created
    current.trust = trust.identity
    let reference = path(of: manifest.key)
    try onFiles { () throws(SystemCallError) in
      // The evidence first: a reference without it is only a bundle that has to be fetched again.
      if evidence.records.contains(where: { !$0.envelopes.isEmpty }) {
        let path = evidencePath(of: manifest.key)
        try FileSystem.createDirectories(path.removingLastComponent())
        try FileSystem.write(evidence.cacheBytes, to: path)
      }
      try FileSystem.createDirectories(reference.removingLastComponent())
      try FileSystem.write(current.bytes, to: reference)
    }
    return bundle
  }

  private func build(
    _ manifest: Manifest, from repository: Repository, usingCached: Bool, _ summary: inout FetchSummary
  ) throws(ArtifactError) {
    let sources = try gather(manifest, from: repository, usingCached: usingCached, &summary)
    let draft = bundles.appending(".draft.\(manifest.digest)")
    try onFiles { () throws(SystemCallError) in
      // A dead process left it; the lock shows that nobody uses it now.
      try FileSystem.removeTree(draft)
      try FileSystem.createDirectories(draft)
    }
    do throws(ArtifactError) {
      try assemble(manifest, sources, in: draft)
      let target = folder(of: manifest.digest)
      try onFiles { () throws(SystemCallError) in
        try FileSystem.removeTree(target)
        try FileSystem.rename(draft, to: target)
      }
    } catch {
      try onFiles { () throws(SystemCallError) in try FileSystem.removeTree(draft) }
      throw error
    }
  }

  /// Returns the source of each distinct segment of a manifest, after fetching those that are nowhere.
  private func gather(
    _ manifest: Manifest, from repository: Repository, usingCached: Bool, _ summary: inout FetchSummary
  ) throws(ArtifactError) -> SegmentSources {
    let index = usingCached ? try segmentIndex() : SegmentSources()
    var distinct: [SHA256Digest: (segment: Manifest.Segment, place: SegmentPlace)] = [:]
    var offset: Int64 = 0
    for segment in manifest.segments {
      distinct[segment.digest] = (segment, SegmentPlace(file: RepositoryLayout.wholeFile(of: manifest), offset: offset))
      offset += segment.size
    }
    let found = Mutex(SegmentSources(pieces: [:], bundles: index.bundles))
    let counts = Mutex((segments: 0, bytes: Int64(0)))
    try forEachInParallel(Array(distinct.values), threads: Repository.transfers) { (entry) throws(ArtifactError) in
      let segment = entry.segment
      var piece = index.pieces[segment.digest].flatMap { $0.length == segment.size ? $0 : nil }
      if piece == nil {
        let (fetched, isNew) = try fetch(segment, entry.place, from: repository, usingCached: usingCached)
        piece = fetched
        if isNew {
          counts.withLock {
            $0.segments += 1
            $0.bytes += segment.size
          }
        }
      }
      found.withLock { $0.pieces[segment.digest] = piece }
    }
    counts.withLock {
      summary.fetchedSegments += $0.segments
      summary.fetchedBytes += $0.bytes
    }
    return found.withLock { $0 }
  }

  /// A segment in a file of its own, fetched unless it is there, and whether it was fetched.
  private func fetch(
    _ segment: Manifest.Segment, _ place: SegmentPlace, from repository: Repository, usingCached: Bool
  ) throws(ArtifactError) -> (FilePiece, Bool) {
    let path = segments.appending(segment.digest.hex)
    let piece = FilePiece(path: path, offset: 0, length: segment.size)
    var waited = false
    let lock = try digestLock(segment.digest, "segments", &waited)
    defer { _ = lock }
    if usingCached {
      // A leftover of a killed process can be cut or zeroed by a power cut.
      let left = try onFiles { () throws(SystemCallError) in
        try FileSystem.statusIfPresent(of: path)?.size == segment.size ? SHA256Digest.ofFile(path).digest : nil
      }
      if left == segment.digest { return (piece, false) }
      // The holder of the lock can have completed the bundle meanwhile, and removed the segment's own file.
      if waited, let inBundle = try segmentIndex().pieces[segment.digest], inBundle.length == segment.size {
        return (inBundle, false)
      }
    }
    try repository.receiveAgain(segment) { () throws(ArtifactError) in
      let draft = try onFiles { () throws(SystemCallError) in try FileReplacement(of: path) }
      let file = draft.file
      try repository.receive(segment, orFrom: place) { (bytes) throws(ArtifactError) in
        try onFiles { () throws(SystemCallError) in try FileSystem.write(bytes, to: file, path: path) }
      }
      do throws(SystemCallError) { try draft.commit(.atomic) } catch { throw .file(error) }
    }
    return (piece, true)
  }

  private func digestLock(
    _ digest: SHA256Digest, _ kind: String, _ waited: inout Bool
  ) throws(ArtifactError) -> DigestLock {
    do throws(SystemCallError) {
      return try DigestLock(digest, in: locks.appending(kind), waited: &waited)
    } catch {
      throw .file(error)
    }
  }

  private func makeFolders() throws(ArtifactError) {
    try onFiles { () throws(SystemCallError) in
      for folder in [references, bundles, segments, locks] { try FileSystem.createDirectories(folder) }
    }
  }

  func remove(_ path: FilePath) throws(ArtifactError) {
    try onFiles { () throws(SystemCallError) in try FileSystem.removeFile(path) }
  }
}

import Digests
internal import DirectoryTrust
import Glibc
import Synchronization
public import SystemSupport

/// Bundles of a host, verified once, by digest.
///
/// ```
/// refs/NAME/COMMIT/PLATFORM      which bundle that is, and its stat tuple (a hit reads this and stats one file)
/// evidence/NAME/COMMIT/PLATFORM  its signed manifest, for hosts with a policy
/// bundles/DIGEST/NAME.pex        the bundle
/// bundles/DIGEST/record          its stat tuple
/// bundles/DIGEST/segments        where which segment is in it: the next build takes those from here
/// segments/DIGEST                segments that were fetched for a bundle that is not complete yet
/// locks/{bundles,segments}       see DigestLock
/// ```
/// Whoever can write here decides what runs: the folders are made with mode 0755.
public struct BundleCache: Sendable {
  public let root: FilePath

  public init(root: FilePath) { self.root = root }

  /// The cache of this user: `KILT_RUNNER_CACHE`; for root `/var/cache/kilt/runner`; otherwise `kilt/runner` in
  /// `XDG_CACHE_HOME` or `~/.cache`.
  ///
  /// - Throws: ``ArtifactError/untrusted(_:)`` when another user could have changed the bundles in it.
  public static func standard() throws(ArtifactError) -> BundleCache {
    let root = try standardRoot()
    let refusal: UntrustedDirectory?
    do throws(SystemCallError) {
      refusal = try DirectoryTrust.refusal(of: root, variable: "KILT_RUNNER_CACHE")
    } catch {
      throw .file(error)
    }
    if let refusal { throw .untrusted(refusal) }
    return BundleCache(root: root)
  }

  private static func standardRoot() throws(ArtifactError) -> FilePath {
    if let path = environmentVariable("KILT_RUNNER_CACHE"), !path.isEmpty { return FilePath(path) }
    if geteuid() == 0 { return "/var/cache/kilt/runner" }
    // The XDG base directory specification: a relative path is to be ignored.
    if let path = environmentVariable("XDG_CACHE_HOME"), path.hasPrefix("/") { return FilePath(path + "/kilt/runner") }
    guard let home = environmentVariable("HOME"), home.hasPrefix("/") else { throw .noCacheDirectory }
    return FilePath(home + "/.cache/kilt/runner")
  }

  /// The cached bundle that a user means, or nil if it has to be fetched. Uses neither the network nor the bytes of the
  /// bundle, unless its stat tuple has changed: then the bundle is hashed again, and dropped if it is damaged.
  ///
  /// - Parameters:
  ///   - verifying: hash it, and check its signatures again, in any case.
  ///   - trust: the demands on it. An admission by the same policies counts; otherwise the stored signatures are
  ///     checked, and a bundle without them has to be fetched.
  public func lookUp(
    _ reference: ArtifactReference, platform: ArtifactPlatform, verifying: Bool = false, trust: TrustContext = .none
  ) throws(ArtifactError) -> CachedBundle? {
    guard let commit = try cachedCommit(reference) else { return nil }
    let key = ManifestKey(name: reference.name, commit: commit, platform: platform)
    let referencePath = path(of: key)
    guard var record = try record(at: referencePath) else { return nil }
    if !trust.isEmpty, verifying || record.trust != trust.identity {
      guard let evidence = try evidence(of: key), evidence.manifest.digest == record.digest else { return nil }
      try trust.require(evidence)
      if record.trust != trust.identity {
        record.trust = trust.identity
        try write(record, to: referencePath)
      }
    }
    guard let bundle = try open(record, commit: commit, verifying: verifying, renewing: referencePath) else {
      return nil
    }
    markUsed(referencePath)
    return bundle
  }

  /// The stored signatures of a cached bundle; nil if there are none.
  ///
  /// - Throws: `damagedRecord` for signatures that cannot be read.
  func evidence(of key: ManifestKey) throws(ArtifactError) -> Evidence? {
    let path = evidencePath(of: key)
    let bytes: [UInt8]
    do throws(SystemCallError) {
      bytes = try FileSystem.read(path, limit: Evidence.cacheLimit)
    } catch {
      if error.isMissing { return nil }
      throw .file(error)
    }
    do throws(ManifestFault) {
      return try Evidence(cacheBytes: bytes, for: key)
    } catch {
      throw .damagedRecord(path: path.string, reason: error.reason)
    }
  }

  /// The commit in the cache that the digits name; of several an error.
  private func cachedCommit(_ reference: ArtifactReference) throws(ArtifactError) -> Commit? {
    if let commit = reference.commit.commit { return commit }
    let known = try entries(references.appending(reference.name.text)).compactMap { Commit($0) }
    let matches = known.filter { reference.commit.matches($0) }
    guard matches.count > 1 else { return matches.first }
    throw .ambiguousCommit(
      reference, matches: matches.map { CommitListing(commit: $0, platforms: [], published: nil) },
      repository: root.string)
  }

  /// The bundle of a record, locked; nil when it is gone or damaged. A tuple that has changed is renewed where the bytes
  /// are still right.
  func open(
    _ record: HitRecord, commit: Commit, verifying: Bool, renewing recordPath: FilePath
  ) throws(ArtifactError) -> CachedBundle? {
    let path = folder(of: record.digest).appending(record.fileName)
    let file: FileDescriptor
    do throws(SystemCallError) {
      file = try FileSystem.open(path, .readOnly, options: .noFollow)
    } catch {
      if error.isMissing { return nil }
      throw .file(error)
    }
    // From here on the descriptor is closed with the value.
    let bundle = CachedBundle(path: path, record: record, commit: commit, file: file)
    // Somebody is just evicting it.
    guard flock(file.rawValue, LOCK_SH | LOCK_NB) == 0 else { return nil }
    let status = try onFiles { () throws(SystemCallError) in try FileSystem.status(of: file) }
    guard status.links > 0 else { return nil }
    let boot = record.boot == "-" ? "-" : HitRecord.currentBoot
    if record.matches(status), record.boot == boot, !verifying {
      try settle(record, file, status, recordPath)
      return bundle
    }
    guard try isIntact(record, file, path) else {
      try onFiles { () throws(SystemCallError) in try FileSystem.removeTree(folder(of: record.digest)) }
      return nil
    }
    if !record.matches(status) || record.boot != boot {
      var renewed = record
      renewed.renew(status)
      renewed.boot = boot
      try write(renewed, to: recordPath)
    }
    return bundle
  }

  /// Syncs the bytes of a bundle to the disk, once they are old enough for that to cost nothing.
  private func settle(
    _ record: HitRecord, _ file: FileDescriptor, _ status: FileStatus, _ recordPath: FilePath
  ) throws(ArtifactError) {
    guard record.boot != "-", wallClockNanoseconds() - status.changeTime > 120_000_000_000 else { return }
    // On a cache that this user cannot write, the next one has the work.
    guard fsync(file.rawValue) == 0, recordPath.withPlatformString({ access($0, W_OK) }) == 0 else { return }
    var settled = record
    settled.boot = "-"
    try write(settled, to: recordPath)
  }

  /// Whether the bytes of a bundle still have its digest.
  private func isIntact(
    _ record: HitRecord, _ file: FileDescriptor, _ path: FilePath
  ) throws(ArtifactError) -> Bool {
    if record.form == .file {
      return try onFiles { () throws(SystemCallError) in try SHA256Digest.ofFile(file, path: path) }.digest
        == record.digest
    }
    let listed = try segmentList(in: folder(of: record.digest))
    let segments = listed.map { Manifest.Segment(kind: "", name: "", digest: $0.0, size: $0.2) }
    guard Manifest.treeDigest(of: segments) == record.digest, segments.reduce(0, { $0 + $1.size }) == record.size else {
      return false
    }
    let faults = Mutex(false)
    try forEachInParallel(listed, threads: availableProcessors()) { (digest, offset, size) throws(ArtifactError) in
      let range = UInt64(offset)..<UInt64(offset + size)
      do throws(SystemCallError) {
        if try SHA256Digest.ofFile(file, range) != digest { faults.withLock { $0 = true } }
      } catch {
        // A file that ends early is damaged; a disk that cannot be read is not.
        guard error.errno == .ioError || error.errno == .outOfRange else { throw .file(error) }
        faults.withLock { $0 = true }
      }
    }
    return !faults.withLock { $0 }
  }

  func write(_ record: HitRecord, to path: FilePath) throws(ArtifactError) {
    try onFiles { () throws(SystemCallError) in try FileSystem.write(record.bytes, to: path) }
  }

  func record(at path: FilePath) throws(ArtifactError) -> HitRecord? {
    do throws(SystemCallError) {
      return HitRecord(parsing: try FileSystem.read(path, limit: 4096))
    } catch {
      if error.isMissing || error.errno == .fileTooLarge { return nil }
      throw .file(error)
    }
  }

  /// The reference's modification time is the time of its last use, to the hour: most hits write nothing.
  private func markUsed(_ path: FilePath) {
    var status = stat()
    guard path.withPlatformString({ stat($0, &status) }) == 0, time(nil) - status.st_mtim.tv_sec > 3600 else { return }
    // On a read-only cache the order of eviction is less exact: no error.
    _ = path.withPlatformString { utimensat(AT_FDCWD, $0, nil, 0) }
  }

  func evidencePath(of key: ManifestKey) -> FilePath {
    FilePath("\(root)/evidence/\(key.name)/\(key.commit)/\(key.platform)")
  }

  var references: FilePath { root.appending("refs") }
  var bundles: FilePath { root.appending("bundles") }
  var segments: FilePath { root.appending("segments") }
  var locks: FilePath { root.appending("locks") }

  func folder(of digest: SHA256Digest) -> FilePath { bundles.appending(digest.hex) }

  func path(of key: ManifestKey) -> FilePath {
    FilePath("\(references)/\(key.name)/\(key.commit)/\(key.platform)")
  }

  /// The names in a directory of the cache; none if it is missing.
  func entries(_ path: FilePath) throws(ArtifactError) -> [String] {
    do throws(SystemCallError) {
      return try FileSystem.list(path).map(\.name)
    } catch {
      if error.isMissing { return [] }
      throw .file(error)
    }
  }
}

import Digests
internal import DirectoryTrust
import Glibc
public import SystemSupport

/// Bundles of a host, verified once, by digest.
///
/// ```
/// refs/NAME/COMMIT/PLATFORM      which bundle that is, and its stat tuple (a hit reads this and stats one file)
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

  /// The cached bundle that a user means, or nil when it has to be fetched. Touches neither the network nor the bytes of
  /// the bundle, unless its stat tuple has changed: then it is hashed again, and dropped when it is damaged.
  ///
  /// - Parameter verifying: hash it in any case.
  public func lookUp(
    _ reference: ArtifactReference, platform: HostPlatform, verifying: Bool = false
  ) throws(ArtifactError) -> CachedBundle? {
    guard let commit = try cachedCommit(reference) else { return nil }
    let key = ManifestKey(name: reference.name, commit: commit, platform: platform)
    let referencePath = path(of: key)
    guard let record = try record(at: referencePath) else { return nil }
    guard let bundle = try open(record, commit: commit, verifying: verifying, renewing: referencePath) else {
      return nil
    }
    markUsed(referencePath)
    return bundle
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
    if record.matches(status), !verifying { return bundle }
    let actual = try onFiles { () throws(SystemCallError) in try SHA256Digest.ofFile(file, path: path) }
    guard actual.digest == record.digest else {
      try onFiles { () throws(SystemCallError) in try FileSystem.removeTree(folder(of: record.digest)) }
      return nil
    }
    if !record.matches(status) {
      let renewed = HitRecord(
        digest: record.digest, fileName: record.fileName, status: status, created: record.created)
      try onFiles { () throws(SystemCallError) in try FileSystem.write(renewed.bytes, to: recordPath) }
    }
    return bundle
  }

  func record(at path: FilePath) throws(ArtifactError) -> HitRecord? {
    do throws(SystemCallError) {
      return HitRecord(parsing: try FileSystem.read(path, limit: 4096))
    } catch {
      if error.isMissing || error.errno == .fileTooLarge { return nil }
      throw .file(error)
    }
  }

  /// The reference's modification time is when it was used last, to the hour: most hits write nothing.
  private func markUsed(_ path: FilePath) {
    var status = stat()
    guard path.withPlatformString({ stat($0, &status) }) == 0, time(nil) - status.st_mtim.tv_sec > 3600 else { return }
    // On a read-only cache the order of eviction is less exact: no error.
    _ = path.withPlatformString { utimensat(AT_FDCWD, $0, nil, 0) }
  }

  var references: FilePath { root.appending("refs") }
  var bundles: FilePath { root.appending("bundles") }
  var segments: FilePath { root.appending("segments") }
  var locks: FilePath { root.appending("locks") }

  func folder(of digest: SHA256Digest) -> FilePath { bundles.appending(digest.hex) }

  func path(of key: ManifestKey) -> FilePath {
    FilePath("\(references)/\(key.name)/\(key.commit)/\(key.platform)")
  }

  /// The names in a folder of the cache; none when it is not there.
  func entries(_ path: FilePath) throws(ArtifactError) -> [String] {
    do throws(SystemCallError) {
      return try FileSystem.list(path).map(\.name)
    } catch {
      if error.isMissing { return [] }
      throw .file(error)
    }
  }
}

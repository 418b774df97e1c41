// ContentStore: files by the digest of their bytes, and small derived values by the digest of their inputs. One root
// serves every process of a user at once: for all of them, each file appears complete, under its final name, or not at
// all. Nothing is synced to the disk, so a power cut can leave a file under its name without its bytes: a blob from
// before the machine's start is hashed once before it is used, and a record contains its own digest.

import Diagnostics
public import Digests
internal import DirectoryTrust
public import SystemSupport

/// A content-addressed store in a directory.
///
/// `blobs/sha256/xx/DIGEST` contains files, read-only; `records/NAMESPACE/xx/DIGEST` contains small values. Stored
/// files never change, so readers need no lock. Entries that this process has looked up, stored or opened through a
/// store stay until the process ends, even if ``collect(quota:)`` of another process runs.
public struct ContentStore: Sendable {
  public let root: FilePath
  /// How many of the blobs that are read are hashed again first, from 0 to 1. A damaged one is removed and counts as
  /// absent, so it is made or fetched again.
  public var verifiedShare: Double
  /// When the machine was started, in nanoseconds since 1970.
  var bootTime = bootTimeNanoseconds()
  let lease: StoreLease
  /// The team's cache; nil where there is none.
  public var shared: (any SharedRecords)?

  /// A store in `root`, which is made when something is first put there.
  /// - Parameter verifiedShare: see ``verifiedShare``; one in fifty by default.
  public init(root: FilePath, verifiedShare: Double = 0.02) {
    self.root = root
    self.verifiedShare = verifiedShare
    lease = StoreLease(root: root)
  }

  /// The store of this user: `KILT_CACHE_DIR`, else `kilt` in `XDG_CACHE_HOME`, else in `~/.cache`. `KILT_CACHE_VERIFY`
  /// sets ``verifiedShare``.
  /// - Throws: ``ContentStoreError/noCacheDirectory`` if none of these is set, ``ContentStoreError/invalidShare(_:)``,
  ///   ``ContentStoreError/untrusted(_:)`` if another user could have changed the contents of the store.
  public static func userDefault(
    environment: (String) -> String? = environmentVariable
  ) throws(ContentStoreError) -> ContentStore {
    let root = try defaultRoot(environment: environment)
    let refusal: UntrustedDirectory?
    do throws(SystemCallError) {
      refusal = try DirectoryTrust.refusal(of: root, variable: "KILT_CACHE_DIR", environment: environment)
    } catch {
      throw .system(root, error)
    }
    if let refusal { throw .untrusted(refusal) }
    guard let text = environment("KILT_CACHE_VERIFY"), !text.isEmpty else { return ContentStore(root: root) }
    guard let share = Double(text), (0...1).contains(share) else { throw .invalidShare(text) }
    return ContentStore(root: root, verifiedShare: share)
  }

  /// The directory of the default store.
  ///
  /// A relative `XDG_CACHE_HOME` is ignored, as the XDG specification says.
  public static func defaultRoot(
    environment: (String) -> String? = environmentVariable
  ) throws(ContentStoreError) -> FilePath {
    if let set = environment("KILT_CACHE_DIR"), !set.isEmpty { return FilePath(set) }
    if let set = environment("XDG_CACHE_HOME"), set.hasPrefix("/") { return FilePath(set).appending("kilt") }
    if let home = environment("HOME"), home.hasPrefix("/") { return FilePath(home).appending(".cache/kilt") }
    throw .noCacheDirectory
  }

  // MARK: Looking up

  /// The path of the blob of that digest, existing or not.
  public func path(of digest: SHA256Digest) -> FilePath {
    let hex = digest.hex
    return root.appending("blobs/sha256/\(hex.prefix(2))/\(hex)")
  }

  /// Whether a blob exists. If so, it stays at its ``path(of:)`` until this process ends.
  public func contains(_ digest: SHA256Digest) -> Bool {
    let path = path(of: digest)
    do throws(SystemCallError) {
      try lease.hold(digest)
      guard let status = try FileSystem.statusIfPresent(of: path) else { return false }
      if predatesBoot(status) {
        guard try SHA256Digest.ofFile(path).digest == digest else {
          try FileSystem.removeFile(path)
          return false
        }
        noteVerified(path)
      }
      Self.noteUse(of: path, status)
      return true
    } catch {
      // A blob that cannot be leased or examined counts as missing: storing it again reports the problem.
      return false
    }
  }

  /// Whether a file was last changed before the machine's start, so that a power cut can have damaged it.
  ///
  /// A modification time in the future comes from another clock, which does not tell when the change was.
  func predatesBoot(_ status: FileStatus) -> Bool {
    status.changeTime < bootTime || status.changeTime > wallClockNanoseconds() + 60_000_000_000
  }

  /// Records in its times that a file, or a directory, is known to be complete since the machine's start.
  func noteVerified(_ path: FilePath) {
    // In a store that this process can only read, it is checked again the next time.
    do throws(SystemCallError) { try FileSystem.touch(path) } catch {}
  }

  /// The bytes of a blob, mapped; nil if it is missing.
  ///
  /// They were checked when they were stored; a share of them, ``verifiedShare``, is checked again now, and so is a
  /// blob from before the machine's start. A blob that does not match its name is removed, and counts as missing.
  public func open(_ digest: SHA256Digest) throws(ContentStoreError) -> MappedFile? {
    let path = path(of: digest)
    do throws(SystemCallError) {
      let file = try MappedFile(path)
      let isOld = predatesBoot(file.status)
      if isOld || isSampled(), SHA256Digest.of(file.bytes) != digest {
        try FileSystem.removeFile(path)
        return nil
      }
      if isOld { noteVerified(path) }
      Self.noteUse(of: path, file.status)
      return file
    } catch {
      if error.isMissing { return nil }
      throw .system(path, error)
    }
  }

  /// Reads a blob again and compares its digest.
  ///
  /// A damaged one is removed, so that it can be put again.
  /// - Throws: ``ContentStoreError/damaged(_:expected:)``; a blob that is not there is not an error.
  public func verify(_ digest: SHA256Digest) throws(ContentStoreError) {
    let path = path(of: digest)
    do throws(SystemCallError) {
      guard FileSystem.exists(path) else { return }
      guard try SHA256Digest.ofFile(path).digest != digest else { return }
      try FileSystem.removeFile(path)
    } catch {
      throw .system(path, error)
    }
    throw .damaged(path, expected: digest)
  }

  /// The use of blobs and records is recorded after this time without use, for collection: frequent use does not cause
  /// frequent writes.
  static let useGranularity: Int64 = 3_600_000_000_000

  /// Notes that a file of the store is in use, by its modification time.
  static func noteUse(of path: FilePath, _ status: FileStatus) {
    guard wallClockNanoseconds() - status.modificationTime > useGranularity else { return }
    // In a store that this process can only read, or for a file just removed, no use is recorded.
    do throws(SystemCallError) { try FileSystem.touch(path) } catch {}
  }

  /// Whether the next blob to read is checked.
  func isSampled() -> Bool { verifiedShare > 0 && (verifiedShare >= 1 || Double.random(in: 0..<1) < verifiedShare) }

  // MARK: Putting

  /// Stores bytes.
  ///
  /// Leaves an existing blob unchanged.
  @discardableResult
  public func put(_ bytes: [UInt8]) throws(ContentStoreError) -> SHA256Digest {
    let digest = SHA256Digest.of(bytes)
    guard !contains(digest) else { return digest }
    let writer = try ContentWriter(self)
    try writer.write(bytes)
    return try writer.finish(expecting: digest)
  }

  /// Stores a copy of a file; the digest covers the copied bytes.
  /// - Parameter expected: refuses other bytes, with ``ContentStoreError/wrongDigest(expected:found:)``.
  @discardableResult
  public func put(
    file path: FilePath, expecting expected: SHA256Digest? = nil
  ) throws(ContentStoreError) -> SHA256Digest {
    if let expected, contains(expected) { return expected }
    let writer = try ContentWriter(self)
    do throws(SystemCallError) {
      let source = try FileSystem.open(path, .readOnly)
      defer { FileSystem.close(source) }
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)
      defer { buffer.deallocate() }
      while case let count = try FileSystem.read(source, into: buffer, path: path), count > 0 {
        try writer.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      }
    } catch {
      throw .system(path, error)
    }
    return try writer.finish(expecting: expected)
  }
}

// ContentStore: files by the digest of their bytes, and small derived values by the digest of what they derive from.
// One root serves every process of a user at once: each file appears whole, under its final name, or not at all.

import Diagnostics
public import Digests
public import SystemSupport

/// A content-addressed store in a directory.
///
/// `blobs/sha256/xx/DIGEST` holds files, read-only; `records/NAMESPACE/xx/DIGEST` holds small values. Nothing that is
/// stored ever changes, so readers need no lock.
public struct ContentStore: Sendable {
  public let root: FilePath

  /// A store in `root`, which is made when something is first put there.
  public init(root: FilePath) { self.root = root }

  /// The store of this user: `KILT_CACHE_DIR`, else `kilt` in `XDG_CACHE_HOME`, else in `~/.cache`.
  /// - Throws: ``ContentStoreError/noCacheDirectory`` when none of these is set.
  public static func userDefault(
    environment: (String) -> String? = environmentVariable
  ) throws(ContentStoreError) -> ContentStore {
    ContentStore(root: try defaultRoot(environment: environment))
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

  /// Where the blob of that digest is, or would be.
  public func path(of digest: SHA256Digest) -> FilePath {
    let hex = digest.hex
    return root.appending("blobs/sha256/\(hex.prefix(2))/\(hex)")
  }

  public func contains(_ digest: SHA256Digest) -> Bool { FileSystem.exists(path(of: digest)) }

  /// The bytes of a blob, mapped; nil when it is not there.
  ///
  /// They are trusted as they were checked on the way in.
  public func open(_ digest: SHA256Digest) throws(ContentStoreError) -> MappedFile? {
    let path = path(of: digest)
    do throws(SystemCallError) {
      return try MappedFile(path)
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

  // MARK: Putting

  /// Stores bytes.
  ///
  /// What is there already is left alone.
  @discardableResult
  public func put(_ bytes: [UInt8]) throws(ContentStoreError) -> SHA256Digest {
    let digest = SHA256Digest.of(bytes)
    guard !contains(digest) else { return digest }
    let writer = try ContentWriter(self)
    try writer.write(bytes)
    return try writer.finish(expecting: digest)
  }

  /// Stores a copy of a file; the digest is that of the bytes copied.
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

public import Digests
import SystemSupport

/// Stores a blob piece by piece, as when it is downloaded.
///
/// Dropped without ``finish(expecting:)``, it leaves nothing.
public final class ContentWriter {
  private let store: ContentStore
  private var replacement: FileReplacement?
  private let file: FileDescriptor
  private var hasher = SHA256Hasher()
  /// Bytes so far.
  public private(set) var size: UInt64 = 0

  public init(_ store: ContentStore) throws(ContentStoreError) {
    self.store = store
    let directory = store.root.appending("incoming")
    do throws(SystemCallError) {
      try FileSystem.createDirectories(directory)
      let replacement = try FileReplacement(of: directory.appending("blob"))
      file = replacement.file
      // Held while the file is written: a file that nobody holds was left by a killed process.
      try FileLock.hold(file, path: replacement.temporaryPath)
      self.replacement = consume replacement
    } catch {
      throw .system(directory, error)
    }
  }

  public func write(_ bytes: [UInt8]) throws(ContentStoreError) {
    do throws(SystemCallError) {
      try FileSystem.write(bytes, to: file)
    } catch {
      throw .system(store.root, error)
    }
    hasher.update(bytes)
    size += UInt64(bytes.count)
  }

  public func write(_ bytes: UnsafeRawBufferPointer) throws(ContentStoreError) {
    do throws(SystemCallError) { try append(bytes) } catch { throw .system(store.root, error) }
  }

  func append(_ bytes: UnsafeRawBufferPointer) throws(SystemCallError) {
    try FileSystem.write(bytes, to: file, path: store.root)
    hasher.update(bytes)
    size += UInt64(bytes.count)
  }

  /// Moves the blob to its place.
  ///
  /// Two writers of the same bytes both succeed.
  /// - Throws: ``ContentStoreError/wrongDigest(expected:found:)`` when the bytes are not those expected.
  @discardableResult
  public func finish(expecting expected: SHA256Digest? = nil) throws(ContentStoreError) -> SHA256Digest {
    let digest = hasher.digest()
    if let expected, expected != digest { throw .wrongDigest(expected: expected, found: digest) }
    guard let replacement = replacement.take() else { return digest }
    let path = store.path(of: digest)
    do throws(SystemCallError) {
      try store.lease.hold(digest)
      try FileSystem.createDirectories(path.removingLastComponent())
      // Read-only: stored files never change.
      try FileSystem.setPermissions(0o444, of: replacement.temporaryPath)
      try FileSystem.rename(replacement.temporaryPath, to: path)
      store.lease.noteWritten(Int64(size))
    } catch {
      throw .system(path, error)
    }
    return digest
  }
}

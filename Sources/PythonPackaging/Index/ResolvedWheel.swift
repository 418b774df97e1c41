public import Digests
public import SystemSupport

/// A wheel that is on this machine and matches the lockfile.
public struct ResolvedWheel: Sendable, Hashable {
  public var name: PackageName
  public var version: String
  /// `requests-2.32.5-py3-none-any.whl`; the file itself has another name.
  public var fileName: String
  /// The wheel's bytes, read-only: a blob of the content store.
  public var path: FilePath
  public var sha256: SHA256Digest
  /// In bytes.
  public var size: Int64

  public init(
    name: PackageName, version: String, fileName: String, path: FilePath, sha256: SHA256Digest, size: Int64
  ) {
    self.name = name
    self.version = version
    self.fileName = fileName
    self.path = path
    self.sha256 = sha256
    self.size = size
  }
}

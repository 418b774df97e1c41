public import Digests
internal import HTTPClient
public import SystemSupport

extension ObjectBucket {
  /// Opens an address for requests that are not worth waiting for: none is repeated.
  ///
  /// - Parameters:
  ///   - text: as ``init(opening:)``, or `http://HOST/PATH` and `https://HOST/PATH` to read; a relative path begins at
  ///     `base`.
  ///   - silence: milliseconds without a byte after which a request has failed.
  ///   - whole: milliseconds after which it has failed; the time that large bodies take comes on top.
  public init(
    opening text: String, relativeTo base: FilePath?, silence: Int, whole: Int
  ) throws(ArtifactError) {
    let limits = TransferLimits(silence: silence, whole: whole)
    let client = HTTPClient(retry: .never)
    if text.hasPrefix("s3://") {
      self.init(S3Storage(try S3Location(parsing: text), client: client, limits: limits))
    } else if text.hasPrefix("http://") || text.hasPrefix("https://") {
      self.init(try HTTPStorage(text, client: client, limits: limits))
    } else {
      self.init(DirectoryStorage(root: try Repository.directory(text, base), isSynced: false))
    }
  }

  public var isReadOnly: Bool { storage.isReadOnly }

  /// Whether the directory does not exist yet.
  public var isAbsent: Bool { storage.isAbsent }

  /// Stores a small object in place of any other of that key.
  public func overwrite(_ key: String, _ bytes: [UInt8]) throws(ArtifactError) {
    try storage.prepareForWriting()
    try storage.overwrite(key, bytes)
  }

  /// Stores a file whose digest is known, in place of any other object of that key.
  public func upload(file path: FilePath, size: Int64, digest: SHA256Digest, to key: String) throws(ArtifactError) {
    try storage.prepareForWriting()
    try storage.upload(FilePiece(path: path, offset: 0, length: size), digest: digest, to: key)
  }

  /// Gives the bytes of an object to `receive`, in order; at most `limit` of them. Returns false when there is no such
  /// object.
  public func download(
    _ key: String, limit: Int64, receive: (UnsafeRawBufferPointer) throws(ArtifactError) -> Void
  ) throws(ArtifactError) -> Bool {
    try storage.download(key, limit: limit, receive: receive)
  }

  /// When an object was written, in seconds since 1970 by the clock of the storage; nil when there is none.
  public func modified(_ key: String) throws(ArtifactError) -> Int64? { try storage.modified(key) }

  /// The objects whose keys begin with `prefix`, which ends in `/`, with the times at which they were written.
  public func listing(_ prefix: String) throws(ArtifactError) -> [Listed] {
    if storage.isAbsent { return [] }
    return try storage.list(prefix, recursive: true).map {
      Listed(key: prefix + $0.name, size: $0.size ?? 0, modified: ($0.modified ?? 0) / 1_000_000_000)
    }
  }

  /// An object with its size in bytes and the time at which it was written, in seconds since 1970.
  public struct Listed: Sendable, Hashable {
    public var key: String
    public var size: Int64
    public var modified: Int64
  }
}

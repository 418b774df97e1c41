public import SystemSupport

/// A storage for objects that are not artifacts, such as archived logs: a directory, or a bucket and prefix of S3, with
/// the names and credentials of artifact repositories.
public struct ObjectBucket: Sendable {
  public struct Entry: Sendable, Hashable {
    /// The key after the prefix that was listed; without a final `/`.
    public var name: String
    /// Bytes; nil where a listing names a part of keys.
    public var size: Int64?
  }

  let storage: any ObjectStorage
  /// The directory; nil for a bucket.
  public let directory: FilePath?

  /// Opens an absolute path, `file:PATH` or `s3://BUCKET/PREFIX?endpoint=URL&region=NAME`. Contacts nothing.
  public init(opening text: String) throws(ArtifactError) {
    self.init(try Repository(opening: text).storage)
  }

  init(_ storage: any ObjectStorage) {
    self.storage = storage
    directory = (storage as? DirectoryStorage)?.root
  }

  /// The place, for messages: never with credentials.
  public var location: String { storage.location }

  /// Stores an object unless that key exists: then changes nothing, and returns false.
  public func create(_ key: String, _ bytes: [UInt8]) throws(ArtifactError) -> Bool {
    try storage.prepareForWriting()
    return try storage.create(key, bytes)
  }

  /// The bytes of an object; nil when there is none.
  public func read(_ key: String, limit: Int) throws(ArtifactError) -> [UInt8]? {
    try storage.read(key, limit: limit)
  }

  /// The objects whose keys begin with `prefix`, which ends in `/` or is empty; where not `recursive`, the next part of
  /// their keys.
  public func list(_ prefix: String, recursive: Bool = true) throws(ArtifactError) -> [Entry] {
    if storage.isAbsent { return [] }
    return try storage.list(prefix, recursive: recursive).map { Entry(name: $0.name, size: $0.size) }
  }

  /// Removes an object; a missing one is not an error.
  public func remove(_ key: String) throws(ArtifactError) { try storage.remove(key) }
}

internal import ContentStore
internal import Digests

/// The keys of the objects, below the address of the cache.
enum RemoteLayout {
  /// Records with their small blobs.
  static let entries = "entries/"
  /// Large blobs of entries.
  static let blobs = "blobs/"
  /// Empty objects that say which entry needs which large blob: `refs/DIGEST/NAMESPACE.KEY`.
  static let references = "refs/"
  /// Files whose digests a lockfile names.
  static let files = "files/"
  /// The inputs of the newest entry of a target.
  static let inputs = "inputs/"
  /// Objects whose time of writing tells what time it is there.
  static let clocks = "clocks/"

  /// The key under which all machines of a platform look for a record.
  static func remoteKey(_ namespace: String, _ key: SHA256Digest, platform: String) -> SHA256Digest {
    var encoder = CanonicalEncoder()
    encoder.append("kilt remote cache 1")
    encoder.append(platform)
    encoder.append(namespace)
    encoder.append(key)
    return encoder.digest
  }

  static func entry(_ namespace: String, _ remoteKey: SHA256Digest) -> String {
    "\(entries)\(namespace)/\(remoteKey.hex.prefix(2))/\(remoteKey.hex)"
  }

  static func blob(_ digest: SHA256Digest) -> String { "\(blobs)\(digest.hex.prefix(2))/\(digest.hex)" }

  static func file(_ digest: SHA256Digest) -> String { "\(files)\(digest.hex.prefix(2))/\(digest.hex)" }

  static func reference(to digest: SHA256Digest, of namespace: String, _ remoteKey: SHA256Digest) -> String {
    "\(references)\(digest.hex)/\(namespace).\(remoteKey.hex)"
  }

  /// - Parameter name: the address of the target.
  static func inputs(_ namespace: String, _ name: String, platform: String) -> String {
    var encoder = CanonicalEncoder()
    encoder.append(platform)
    encoder.append(name)
    return "\(inputs)\(namespace)/\(encoder.digest.hex)"
  }
}

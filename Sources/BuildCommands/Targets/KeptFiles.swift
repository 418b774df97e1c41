internal import ContentStore
internal import Digests
internal import SystemSupport

/// Files that this process makes itself, by the digest of what they are made from.
struct KeptFiles: Sendable {
  var store: ContentStore
  /// What kind of file, with the version of what makes it.
  var namespace: String
  /// The address of the target that it is made for; nil for a file that other machines are not asked for.
  var name: String?
  /// The inputs that the key stands for.
  var inputs: InputList?

  /// The value of a key; nil when there is none. It can be in the team's cache: `ContentStore/require(_:)`.
  func content(of key: SHA256Digest, asksOthers: Bool = true) throws -> BlobReference? {
    try store.value(namespace, key, asksOthers: asksOthers && name != nil) { record in
      guard let content = BlobReference(record: record) else { return nil }
      return store.holds(content) || store.canRequire(content.digest) ? content : nil
    }
  }

  /// Begins to ask other machines for a file.
  func prefetch(_ key: SHA256Digest) {
    if name != nil { store.prefetch(namespace, [key]) }
  }

  /// Keeps for a key what `write` writes at the path it is given.
  func make(_ key: SHA256Digest, _ write: (FilePath) throws -> Void) throws -> BlobReference {
    let start = monotonicNanoseconds()
    try FileSystem.createDirectories(store.root)
    let folder = try FileSystem.makeTemporaryDirectory(prefix: "kilt-package")
    // What cannot be removed is left to whoever cleans temporary folders.
    defer { try? FileSystem.removeTree(folder) }
    let file = folder.appending("file")
    try write(file)
    let content = BlobReference(try store.put(file: file), size: try FileSystem.status(of: file).size)
    try store.setRecord(namespace, key, to: content.record)
    if let name, let shared = store.shared, shared.takesOffers {
      var record = SharedRecord(
        namespace, key, value: content.record, blobs: [content],
        milliseconds: Int64((monotonicNanoseconds() - start) / 1_000_000), name: name)
      record.inputs = inputs
      shared.offer(record, from: store)
    }
    return content
  }
}

extension BlobReference {
  /// A reference as the value of a record: digest and size.
  var record: [UInt8] {
    digest.bytes + (0..<8).map { UInt8(truncatingIfNeeded: size >> (56 - 8 * Int64($0))) }
  }

  /// Reads a ``record``; nil for invalid bytes.
  init?(record: [UInt8]) {
    guard record.count == 40, let digest = SHA256Digest(bytes: record[..<32]) else { return nil }
    self.init(digest, size: record[32...].reduce(0) { $0 << 8 | Int64($1) })
  }
}

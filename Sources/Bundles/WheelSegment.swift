import ContentStore
import Digests
import SystemSupport
import Zip

/// A wheel as a bundle holds it: its members, raw, in their order, below `.deps/FILE_NAME/`.
///
/// The bytes depend on the wheel and its file name alone, so every bundle that uses the wheel has the same segment, and
/// its digest is kept in the content store.
struct WheelSegment {
  let wheel: WheelInput
  let archive: ZipArchive
  /// The members that are files, with their names in the bundle.
  let entries: [(member: ZipMember, entry: ZipEntry)]
  let size: UInt64
  /// Known when some bundle with this wheel was built before.
  let knownDigest: SHA256Digest?

  private static let namespace = "bundle-segment-1"

  private static func key(_ wheel: WheelInput) -> SHA256Digest { .of("\(wheel.sha256) \(wheel.fileName)") }

  /// Opens the wheel. One that is seen for the first time is inflated and checked in full.
  init(_ wheel: WheelInput, store: ContentStore) throws {
    self.wheel = wheel
    do {
      archive = try ZipArchive(path: wheel.path, name: wheel.fileName)
    } catch let error as SystemCallError {
      throw BundleError.unreadableWheel(wheel.fileName, error)
    }
    let prefix = Array(".deps/\(wheel.fileName)/".utf8)
    entries = archive.members.lazy.filter { !$0.isDirectory }.map { ($0, ZipEntry($0, name: prefix + $0.nameBytes)) }
    size = entries.reduce(0) { $0 + UInt64($1.entry.localHeaderSize) + $1.entry.compressedSize }
    if let record = try store.record(Self.namespace, Self.key(wheel)), record.count == 32 {
      knownDigest = SHA256Digest(bytes: record)
    } else {
      knownDigest = nil
      try WheelRecord.check(archive)
    }
  }

  /// Keeps the digest for the next bundle that uses the wheel.
  func remember(_ digest: SHA256Digest, in store: ContentStore) throws {
    try store.setRecord(Self.namespace, Self.key(wheel), to: digest.bytes)
  }

  func write(to writer: ZipWriter) throws {
    try withExtendedLifetime(archive) {
      for (member, entry) in entries {
        try writer.begin(entry)
        try writer.write(archive.rawData(of: member))
      }
    }
  }
}

import ContentStore
import Digests
import JSON
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
  /// `.layout.json`, by which the tools of PEX know an installed wheel; stored, so that its bytes never change.
  private let layout: (entry: ZipEntry, bytes: [UInt8])
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
    let record = try WheelRecord.find(in: archive)
    layout = try Self.layout(wheel, archive, record: record, prefix: prefix)
    size = entries.reduce(UInt64(layout.entry.localHeaderSize + layout.bytes.count)) {
      $0 + UInt64($1.entry.localHeaderSize) + $1.entry.compressedSize
    }
    if let known = try store.record(Self.namespace, Self.key(wheel)), let digest = SHA256Digest(bytes: known) {
      knownDigest = digest
    } else {
      knownDigest = nil
      try WheelRecord.check(archive, record: record)
    }
  }

  /// Keeps the digest for the next bundle that uses the wheel.
  func remember(_ digest: SHA256Digest, in store: ContentStore) throws {
    try store.setRecord(Self.namespace, Self.key(wheel), to: digest.bytes)
  }

  func write(to writer: ZipWriter) throws {
    var done = 0
    for (member, entry) in entries {
      try writer.copy(member, from: archive, as: entry)
      // Memory does not grow with the wheel.
      if member.dataRange.upperBound - done > 8 << 20 {
        archive.release(done..<member.dataRange.upperBound)
        done = member.dataRange.upperBound
      }
    }
    try writer.begin(layout.entry)
    try writer.write(layout.bytes)
  }

  private static func layout(
    _ wheel: WheelInput, _ archive: ZipArchive, record: ZipMember, prefix: [UInt8]
  ) throws -> (entry: ZipEntry, bytes: [UInt8]) {
    var isPure = false
    if let member = archive.member(named: record.name.dropLast("RECORD".count) + "WHEEL") {
      let text = String(decoding: try archive.contents(of: member), as: UTF8.self)
      isPure = text.split(whereSeparator: \.isNewline).contains {
        $0.lowercased().filter { !$0.isWhitespace } == "root-is-purelib:true"
      }
    }
    let value: JSONValue = [
      "fingerprint": .string(wheel.sha256.hex), "record_relpath": .string(record.name),
      "root_is_purelib": .bool(isPure),
      "stash_dir": ".prefix", "sys_path_entries": ["."],
    ]
    let bytes = value.bytes(.canonical)
    let entry = ZipEntry(
      name: prefix + Array(".layout.json".utf8), method: .stored, crc32: bytes.withUnsafeBytes { Deflate.crc32($0) },
      compressedSize: UInt64(bytes.count), size: UInt64(bytes.count), isExecutable: false)
    return (entry, bytes)
  }
}
